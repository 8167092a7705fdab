/* wasmstate.h: keeps the state S of a WebAssembly module in its file, or in flash. C11, no allocation.
 *
 * Here are the record, the module and the instance; wasmstate_posix.h commits to files, wasmstate_flash.h
 * to a ring of sectors of flash. Each includes this header.
 *
 *     #define WASMSTATE_IMPLEMENTATION   in one source file, before these headers and all others
 *     #define WASMSTATE_CHUNK 64         bytes that are copied at a time, on the stack; a multiple of 16
 *     #define WASMSTATE_NO_WORDS         leaves out the texts of errors
 *     #define WASMSTATE_NO_WHOLE_MEMORY  refuses regions of kind 2, which programs with a heap need
 *
 * The format is docs/format.md of wasmstate, version 1.0; comments name its headings. The schema is JSON
 * for those who want to know what the bytes mean: here only its checksum and digest are verified.
 * Modules, and memories that are kept as a whole, have less than 2 GiB. */
#ifndef WASMSTATE_H
#define WASMSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef WASMSTATE_CHUNK
#define WASMSTATE_CHUNK 64
#endif

/* What went wrong; wasmstate_words() gives the text. Where bytes break a rule, `error_offset` is the
 * place of the first of them, from the start of the module or the ring. */
#define WASMSTATE_ERRORS(X)                                                                    \
    X(OK, "no error")                                                                          \
    X(READ, "cannot be read")                                                                  \
    X(MODULE, "no WebAssembly module, or a malformed section")                                 \
    X(NO_STATE, "no section wasmstate.state: attach a state")                                  \
    X(TWO_STATES, "two sections wasmstate.state: remove one")                                  \
    X(BAKED, "the module is baked: unbake it first")                                           \
    X(CUT, "record cut short")                                                                 \
    X(MAGIC, "no state record")                                                                \
    X(VERSION, "the record needs a newer version")                                             \
    X(HEADER, "invalid field of the header")                                                   \
    X(HEADER_CRC, "CRC-32 of the header differs")                                              \
    X(REGIONS_CRC, "CRC-32 of the region table differs")                                       \
    X(SCHEMA_CRC, "CRC-32 of the schema differs")                                              \
    X(PAYLOAD_CRC, "CRC-32 of the payload differs")                                            \
    X(TRAILER, "trailer and header disagree")                                                  \
    X(CONTENT, "bytes behind the record")                                                      \
    X(PADDING, "must be zero")                                                                 \
    X(REGION, "invalid field of a region")                                                     \
    X(REGION_CRC, "CRC-32 of a region differs")                                                \
    X(OVERLAP, "two regions overlap")                                                          \
    X(ORDER, "more than 1,024 regions, not in order")                                          \
    X(IMAGE, "malformed runs of a whole memory")                                               \
    X(STATE_DIGEST, "state digest differs")                                                    \
    X(MODULE_DIGEST, "the state belongs to other code")                                        \
    X(MEMORY, "a region ends past the memory, or there is none")                               \
    X(GLOBAL, "no such global")                                                                \
    X(READ_ONLY, "a newer version wrote the record: not written")                              \
    X(COUNT, "generation or updates at the end of their range")                                \
    X(TOO_LARGE, "too large")                                                                  \
    X(UNSTABLE, "S changed while it was written")                                              \
    X(CONFLICT, "somebody else has committed: open again")                                     \
    X(WRITE, "not committed: the system refused")                                              \
    X(NOT_REPLACEABLE, "not committed: a link, two names, or not yours")                       \
    X(DURABILITY, "committed, but not known to be synced")                                     \
    X(FLASH, "not committed: the flash does not hold the record")

typedef enum wasmstate_error {
#define WASMSTATE_X(name, words) WASMSTATE_##name,
    WASMSTATE_ERRORS(WASMSTATE_X)
#undef WASMSTATE_X
} wasmstate_error;

const char *wasmstate_words(wasmstate_error error);

/* Bytes behind a callback, which gives 0, or an error: a module in memory, a file, a ring of flash. */
typedef struct wasmstate_source {
    void *context;
    uint32_t size;
    int (*read)(void *context, uint32_t offset, void *bytes, uint32_t size);
} wasmstate_source;

/* A module that lies in memory, which stays the caller's. */
wasmstate_source wasmstate_bytes(const void *bytes, uint32_t size);

/* The running instance, by callbacks. Pointers to memory are not kept from one call to the next. */
typedef struct wasmstate_instance {
    void *context;
    uint8_t *(*memory)(void *context, uint32_t index, uint64_t *size); /* NULL if there is none */
    /* Grow a memory to this size; gives 0, or an error. NULL, if no region is a whole memory. */
    int (*grow)(void *context, uint32_t index, uint64_t size);
    /* The bits of a global, little endian, in 4, 8 or 16 bytes. NULL, if no region is a global. */
    int (*get_global)(void *context, uint32_t index, uint8_t *bytes, uint32_t size);
    int (*set_global)(void *context, uint32_t index, const uint8_t *bytes, uint32_t size);
} wasmstate_instance;

/* A verified record. All fields are for reading. */
typedef struct wasmstate {
    wasmstate_source source;
    wasmstate_error error; /* of the last call */
    uint32_t error_offset;
    uint64_t generation, update_count;
    uint32_t offset, length; /* of the content of wasmstate.state, in the source */
    uint32_t header_length, region_count, schema_length, payload_offset, payload_length, keep;
    bool read_only;
    uint8_t module_digest[32], state_digest[32];
} wasmstate;

/* An entry of the region table: docs/format.md, "Region table". */
typedef struct wasmstate_region {
    uint32_t kind, index; /* kind 0: a range of memory, 1: a global, 2: a whole memory */
    uint64_t address;
    uint32_t length, payload_offset, crc32;
} wasmstate_region;

/* Find the state in a module, verify all of it, and that it belongs to the code. */
wasmstate_error wasmstate_open(wasmstate *state, const wasmstate_source *module);
/* An entry of the region table of a state that is open. */
wasmstate_region wasmstate_region_at(wasmstate *state, uint32_t index);
/* Put S into an instance: behind its start function and _initialize. All regions are held against the
 * instance before the first is copied. */
wasmstate_error wasmstate_restore(wasmstate *state, const wasmstate_instance *instance);
/* Tell if S in the instance differs from the record. */
wasmstate_error wasmstate_changed(
    wasmstate *state, const wasmstate_instance *instance, bool *changed);


#endif /* WASMSTATE_H */

#if defined(WASMSTATE_IMPLEMENTATION) && !defined(WASMSTATE_IMPLEMENTED)
#define WASMSTATE_IMPLEMENTED
#include <string.h>
enum { WS_HEADER = 256, WS_REGION = 40, WS_TRAILER = 32, WS_MAX_UNSORTED = 1024, WS_BLOCK = 256 };
enum { WS_RANGE, WS_GLOBAL, WS_WHOLE };
#define WS_MAGIC UINT64_C(0x0a1a0a0d54535789)     /* 89 57 53 54 0D 0A 1A 0A */
#define WS_END_MAGIC UINT64_C(0x0a0d444e45545357) /* WSTEND, 0D 0A */
#ifdef __GNUC__ /* a function whose stack is not to last as long as that of its caller */
#define WS_APART __attribute__((noinline, unused))
#else
#define WS_APART
#endif
#ifdef WASMSTATE_NO_WHOLE_MEMORY
#define WS_IS_WHOLE(region) (false && (region)->kind == WS_WHOLE)
#define WS_LAST_KIND WS_GLOBAL
#else
#define WS_IS_WHOLE(region) ((region)->kind == WS_WHOLE)
#define WS_LAST_KIND WS_WHOLE
#endif

#ifndef WASMSTATE_NO_WORDS
const char *wasmstate_words(wasmstate_error error)
{
#define WASMSTATE_X(name, words) words "\0"
    const char *words = WASMSTATE_ERRORS(WASMSTATE_X);
#undef WASMSTATE_X
    while (error-- && *words) words += strlen(words) + 1;
    return *words ? words : "unknown error";
}
#endif

/* ---- Numbers, CRC-32, and SHA-256 as in FIPS 180-4 ---- */

static uint64_t ws_get(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = 0;
    while (size--) value = value << 8 | bytes[size];
    return value;
}

static uint32_t ws_crc32(uint32_t crc, const uint8_t *bytes, uint32_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    while (size--) {
        crc ^= *bytes++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

typedef struct ws_sha256 {
    uint32_t h[8];
    uint32_t size;
    uint8_t block[64];
} ws_sha256;

static uint32_t ws_rotate(uint32_t x, int a, int b)
{
    return (x >> a | x << (32 - a)) ^ (x >> b | x << (32 - b));
}

static void ws_sha256_block(ws_sha256 *sha)
{
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };
    uint32_t w[16], v[8], x, y;
    memcpy(v, sha->h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t *word = w + (i & 15);
        if (i < 16) {
            *word = 0;
            for (int j = 0; j < 4; j++) *word = *word << 8 | sha->block[4 * i + j];
        } else {
            x = w[(i + 1) & 15];
            y = w[(i + 14) & 15];
            *word += (ws_rotate(x, 7, 18) ^ x >> 3) + w[(i + 9) & 15] + (ws_rotate(y, 17, 19) ^ y >> 10);
        }
        x = v[4];
        x = v[7] + k[i] + *word + ((x & v[5]) ^ (~x & v[6])) + (ws_rotate(x, 6, 11) ^ (x >> 25 | x << 7));
        y = v[0];
        y = ((y & v[1]) ^ (y & v[2]) ^ (v[1] & v[2])) + (ws_rotate(y, 2, 13) ^ (y >> 22 | y << 10));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += x;
        v[0] = x + y;
    }
    for (int i = 0; i < 8; i++) sha->h[i] += v[i];
}

static void ws_sha256_start(ws_sha256 *sha)
{
    static const uint32_t h[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(sha->h, h, sizeof h);
    sha->size = 0;
}

static void ws_sha256_add(ws_sha256 *sha, const uint8_t *bytes, uint32_t size)
{
    while (size--) {
        sha->block[sha->size++ & 63] = *bytes++;
        if (!(sha->size & 63)) ws_sha256_block(sha);
    }
}

static void ws_sha256_end(ws_sha256 *sha, uint8_t *digest)
{
    uint64_t bits = (uint64_t)sha->size * 8;
    uint8_t tail[8] = {0x80};
    do {
        ws_sha256_add(sha, tail, 1);
        tail[0] = 0;
    } while ((sha->size & 63) != 56);
    for (int i = 0; i < 8; i++) tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    ws_sha256_add(sha, tail, 8);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(sha->h[i / 4] >> (24 - i % 4 * 8));
}

/* ---- Bytes: where they come from and where they go ----
 *
 * The first error stays. From then on reads give zeros and loops end, so that not each call has to be
 * followed by a test. */

static bool ws_check(wasmstate *state, bool holds, wasmstate_error error)
{
    if (!holds && !state->error) state->error = error;
    return !state->error;
}

static int ws_read_bytes(void *context, uint32_t offset, void *bytes, uint32_t size)
{
    memcpy(bytes, (const uint8_t *)context + offset, size);
    return 0;
}

wasmstate_source wasmstate_bytes(const void *bytes, uint32_t size)
{
    wasmstate_source source = {(void *)bytes, size, ws_read_bytes};
    return source;
}

static void ws_read(wasmstate *state, uint32_t at, void *bytes, uint32_t size)
{
    wasmstate_source *source = &state->source;
    if (state->error) return;
    state->error_offset = at;
    ws_check(state, size <= source->size && at <= source->size - size
            && !source->read(source->context, at, bytes, size), WASMSTATE_READ);
}

static uint64_t ws_number(wasmstate *state, uint32_t at, uint32_t size)
{
    uint8_t bytes[8] = {0};
    ws_read(state, at, bytes, size);
    return ws_get(bytes, size);
}
static uint32_t ws_u32(wasmstate *state, uint32_t at) { return (uint32_t)ws_number(state, at, 4); }

/* What bytes are wanted for. A record is made twice, once for its digest and once to be written, so that
 * none of it has to lie in memory. */
typedef struct ws_out {
    wasmstate *state; /* which has the error */
    uint32_t length, crc;
    ws_sha256 *sha;
    bool is_compared, differs; /* with the bytes of the source from `at` up to `end` */
    uint32_t at, end;
    int (*write)(void *context, uint32_t offset, const void *bytes, uint32_t size);
    void *context;
    uint32_t used; /* bytes of `piece`, which are not yet written */
    uint8_t *piece;
} ws_out;

static inline void ws_flush(ws_out *out)
{
    uint32_t at = out->length - out->used;
    if (out->used && !out->state->error)
        ws_check(out->state, !out->write(out->context, at, out->piece, out->used), WASMSTATE_WRITE);
    out->used = 0;
}

static void ws_write(ws_out *out, const uint8_t *bytes, uint32_t size)
{
    while (size) {
        uint32_t room = WASMSTATE_CHUNK - out->used, part = size < room ? size : room;
        memcpy(out->piece + out->used, bytes, part);
        out->used += part;
        out->length += part;
        bytes += part;
        size -= part;
        if (out->used == WASMSTATE_CHUNK) ws_flush(out);
    }
}

static WS_APART void ws_compare(ws_out *out, const uint8_t *bytes, uint32_t size)
{
    uint8_t chunk[64];
    while (size && !out->differs && !out->state->error) {
        uint32_t part = size < sizeof chunk ? size : sizeof chunk;
        out->differs = part > out->end - out->at;
        if (out->differs) return;
        ws_read(out->state, out->at, chunk, part);
        out->differs = memcmp(chunk, bytes, part) != 0;
        out->at += part;
        bytes += part;
        size -= part;
    }
}

static void ws_put(ws_out *out, const uint8_t *bytes, uint32_t size)
{
    if (out->is_compared) {
        ws_compare(out, bytes, size);
        return;
    }
    out->crc = ws_crc32(out->crc, bytes, size);
    if (out->sha) ws_sha256_add(out->sha, bytes, size);
    if (out->write) ws_write(out, bytes, size);
    else out->length += size;
}

static void ws_put_number(ws_out *out, uint64_t value, uint32_t size)
{
    uint8_t bytes[8];
    for (uint32_t i = 0; i < size; i++, value >>= 8) bytes[i] = (uint8_t)value;
    ws_put(out, bytes, size);
}

static void ws_copy(wasmstate *state, uint32_t at, uint32_t size, ws_out *out)
{
    uint8_t chunk[WASMSTATE_CHUNK];
    while (size) {
        uint32_t part = size < sizeof chunk ? size : sizeof chunk;
        ws_read(state, at, chunk, part);
        if (state->error) return;
        ws_put(out, chunk, part);
        at += part;
        size -= part;
    }
}

/* Check the CRC-32 of bytes, which is stored elsewhere; they go to a digest, too. */
static bool ws_check_crc(wasmstate *state, uint32_t at, uint32_t size, uint32_t stored_at,
    wasmstate_error error, ws_sha256 *sha)
{
    uint32_t stored = ws_u32(state, stored_at);
    ws_out out = {.state = state, .sha = sha};
    ws_copy(state, at, size, &out);
    if (!state->error) state->error_offset = at;
    return ws_check(state, out.crc == stored, error);
}

/* The place of the first byte that is not zero, or the end. */
static uint32_t ws_skip_zeros(wasmstate *state, uint32_t at, uint32_t end)
{
    while (at < end && !ws_number(state, at, 1)) at++;
    return at;
}
static uint32_t ws_aligned(uint32_t at, uint32_t size) { return (at + size - 1) & ~(size - 1); }

/* ---- Reading a record: docs/format.md, "Reading" ---- */

static void ws_check_zeros(wasmstate *state, uint32_t at, uint32_t end)
{
    ws_check(state, ws_skip_zeros(state, at, end) == end, WASMSTATE_PADDING);
}

static uint32_t ws_entry(const wasmstate *state, uint32_t index)
{
    return state->offset + state->header_length + index * WS_REGION;
}

static uint32_t ws_place(const wasmstate *state, const wasmstate_region *region)
{
    return state->offset + state->payload_offset + region->payload_offset;
}

wasmstate_region wasmstate_region_at(wasmstate *state, uint32_t index)
{
    uint8_t raw[WS_REGION] = {0};
    ws_read(state, ws_entry(state, index), raw, sizeof raw);
    wasmstate_region region = {
        .kind = (uint32_t)ws_get(raw, 4), .index = (uint32_t)ws_get(raw + 4, 4),
        .address = ws_get(raw + 8, 8),
        .length = (uint32_t)ws_get(raw + 16, 4), /* the rest of the two is zero in a verified record */
        .payload_offset = (uint32_t)ws_get(raw + 24, 4), .crc32 = (uint32_t)ws_get(raw + 32, 4), };
    return region;
}

/* Where a part of the record ends that has to lie inside the content. */
static uint32_t ws_part_end(wasmstate *state, uint32_t at, uint64_t size)
{
    bool fits = ws_check(state, at <= state->length && size <= state->length - at, WASMSTATE_CUT);
    return fits ? at + (uint32_t)size : at;
}

/* Check the runs of a whole memory: docs/format.md, "Whole memories". */
static void ws_check_image(wasmstate *state, const wasmstate_region *region)
{
    uint32_t at = ws_place(state, region), end = at + region->length, free = 0;
    uint32_t size = (uint32_t)region->address, count = ws_u32(state, at), bytes = at + 8 + 16 * count;
    ws_check(state, region->address <= INT32_MAX, WASMSTATE_TOO_LARGE);
    ws_check(state, region->length >= 8 && !ws_u32(state, at + 4) && count <= (region->length - 8) / 16,
        WASMSTATE_IMAGE);
    for (at += 8; count-- && !state->error; at += 16) {
        uint32_t address = ws_u32(state, at), length = ws_u32(state, at + 8), run_end = address + length;
        ws_check(state, !ws_u32(state, at + 4) && !ws_u32(state, at + 12), WASMSTATE_IMAGE);
        ws_check(state, address >= free && !(address % WS_BLOCK) && length && address <= size
                && length <= size - address && length <= end - bytes
                && (!(run_end % WS_BLOCK) || run_end == size), WASMSTATE_IMAGE);
        free = run_end + WS_BLOCK; /* two runs with nothing between them would be one */
        while (address < run_end && !state->error) {
            uint32_t block = run_end - address < WS_BLOCK ? run_end - address : WS_BLOCK;
            ws_check(state, ws_skip_zeros(state, bytes, bytes + block) < bytes + block, WASMSTATE_IMAGE);
            address += block;
            bytes += block;
        }
    }
    ws_check(state, bytes == end, WASMSTATE_IMAGE);
}

/* True if a region begins behind the last byte of another, in the order of spaces. */
static bool ws_is_behind(const wasmstate_region *region, const wasmstate_region *other)
{
    bool is_global = region->kind == WS_GLOBAL, was_global = other->kind == WS_GLOBAL;
    if (is_global != was_global) return is_global;
    if (region->index != other->index) return region->index > other->index;
    return region->kind == WS_RANGE && other->kind == WS_RANGE
        && region->address > other->address + (other->length - 1);
}

/* Check one region, whose bytes have to begin at `place` of the payload. */
static void ws_check_region(
    wasmstate *state, const wasmstate_region *region, uint32_t entry, uint32_t place)
{
    uint64_t length = ws_number(state, entry + 16, 8);
    ws_check(state, region->kind <= WS_LAST_KIND, WASMSTATE_REGION);
    ws_check(state, length && length <= state->payload_length - place, WASMSTATE_REGION);
    ws_check(state, ws_number(state, entry + 24, 8) == place, WASMSTATE_REGION);
    ws_check(state, !ws_u32(state, entry + 36), WASMSTATE_REGION);
    if (region->kind == WS_GLOBAL)
        ws_check(state, !region->address && (length == 4 || length == 8 || length == 16),
            WASMSTATE_REGION);
    /* 0 - length is 2^64 - length: a range may end there, and not behind. */
    if (region->kind == WS_RANGE)
        ws_check(state, region->address <= 0 - length, WASMSTATE_REGION);
    if (state->error) return;
    ws_check_crc(
        state, ws_place(state, region), region->length, entry + 32, WASMSTATE_REGION_CRC, NULL);
    if (WS_IS_WHOLE(region)) ws_check_image(state, region);
}

static WS_APART void ws_check_regions(wasmstate *state)
{
    uint32_t payload = state->offset + state->payload_offset, place = 0;
    wasmstate_region region, other = {0};
    bool in_order = true;
    for (uint32_t i = 0; i < state->region_count && !state->error; i++) {
        region = wasmstate_region_at(state, i);
        if (!ws_check(state, place <= state->payload_length, WASMSTATE_CUT)) return;
        ws_check_region(state, &region, ws_entry(state, i), place);
        if (i && !ws_is_behind(&region, &other)) in_order = false;
        other = region;
        uint32_t end = place + region.length;
        place = ws_aligned(end, 16);
        if (!state->error) ws_check_zeros(state, payload + end, payload + place);
    }
    ws_check(state, place == state->payload_length, WASMSTATE_PADDING);
    if (in_order) return;
    ws_check(state, state->region_count <= WS_MAX_UNSORTED, WASMSTATE_ORDER);
    for (uint32_t i = 1; i < state->region_count && !state->error; i++)
        for (uint32_t j = 0; j < i && !state->error; j++) {
            region = wasmstate_region_at(state, i);
            other = wasmstate_region_at(state, j);
            ws_check(state, ws_is_behind(&region, &other) || ws_is_behind(&other, &region),
                WASMSTATE_OVERLAP);
        }
}

static void ws_read_header(wasmstate *state)
{
    uint32_t at = state->offset, length;
    ws_part_end(state, 0, WS_HEADER);
    ws_check(state, ws_number(state, at, 8) == WS_MAGIC, WASMSTATE_MAGIC);
    ws_check(state, ws_number(state, at + 8, 2) == 1, WASMSTATE_VERSION);
    length = state->header_length = ws_u32(state, at + 20);
    if (!ws_check(state, length >= WS_HEADER && length <= state->length && length <= 65536,
            WASMSTATE_HEADER))
        return;
    ws_check_crc(state, at, length - 4, at + length - 4, WASMSTATE_HEADER_CRC, NULL);
    ws_check(state, !ws_u32(state, at + 12), WASMSTATE_VERSION);
    bool is_newer = ws_number(state, at + 10, 2);
    if (!is_newer) {
        ws_check(state, length == WS_HEADER, WASMSTATE_HEADER);
        ws_check_zeros(state, at + 212, at + 252);
    }
    state->read_only = is_newer || ws_u32(state, at + 16);
    state->generation = ws_number(state, at + 24, 8);
    ws_check(state, ws_u32(state, at + 32) == length, WASMSTATE_HEADER);
    state->region_count = ws_u32(state, at + 36);
    ws_check(state, state->region_count - 1 < 65536, WASMSTATE_HEADER);
    state->schema_length = ws_u32(state, at + 44);
    ws_check(state, state->schema_length <= 1 << 20, WASMSTATE_HEADER);
    state->payload_offset = (uint32_t)ws_number(state, at + 56, 8);
    state->payload_length = (uint32_t)ws_number(state, at + 64, 8);
    state->update_count = ws_number(state, at + 72, 8);
    ws_read(state, at + 80, state->module_digest, 32);
    ws_read(state, at + 112, state->state_digest, 32);
    state->keep = ws_u32(state, at + 208);
    ws_check(state, state->keep <= 64, WASMSTATE_HEADER);
}

/* Verify the record at `state->offset`. One in a ring ends before the ring does. */
static void ws_verify(wasmstate *state, bool is_in_ring)
{
    ws_sha256 sha;
    uint8_t digest[32];
    uint32_t at = state->offset, start, end;
    ws_read_header(state);
    if (state->error) return;
    ws_sha256_start(&sha);
    start = state->header_length;
    end = ws_part_end(state, start, state->region_count * WS_REGION);
    ws_check_crc(state, at + start, end - start, at + 40, WASMSTATE_REGIONS_CRC, &sha);
    start = end;
    end = ws_part_end(state, start, state->schema_length);
    ws_check_crc(state, at + start, end - start, at + 48, WASMSTATE_SCHEMA_CRC, &sha);
    start = end;
    ws_check(state, ws_number(state, at + 56, 8) == ws_aligned(start, 64), WASMSTATE_HEADER);
    end = ws_part_end(state, state->payload_offset, ws_number(state, at + 64, 8));
    ws_part_end(state, end, WS_TRAILER);
    uint32_t length = end + WS_TRAILER, trailer = at + end;
    ws_check(state, ws_number(state, trailer, 8) == WS_END_MAGIC, WASMSTATE_TRAILER);
    ws_check(state, ws_number(state, trailer + 8, 8) == state->generation, WASMSTATE_TRAILER);
    ws_check(state, ws_number(state, trailer + 16, 8) == length, WASMSTATE_TRAILER);
    ws_check(state, ws_u32(state, trailer + 24) == ws_u32(state, at + state->header_length - 4),
        WASMSTATE_TRAILER);
    ws_check_crc(state, trailer, 28, trailer + 28, WASMSTATE_TRAILER, NULL);
    if (is_in_ring) state->length = length;
    ws_check(state, state->length == length, WASMSTATE_CONTENT);
    if (state->error) return;
    ws_check_zeros(state, at + start, at + state->payload_offset);
    ws_check_regions(state);
    start = at + state->payload_offset;
    ws_check_crc(state, start, state->payload_length, at + 52, WASMSTATE_PAYLOAD_CRC, &sha);
    ws_sha256_end(&sha, digest);
    ws_check(state, !memcmp(digest, state->state_digest, 32), WASMSTATE_STATE_DIGEST);
}

/* ---- A module: its sections, and the digest of its code ---- */
enum { WS_OTHER, WS_STATE, WS_PREV, WS_BAKED };
typedef struct ws_frame {
    uint32_t start, content, end; /* of a custom section the content is what follows the name */
    uint8_t id, name;
} ws_frame;

static uint32_t ws_leb128(wasmstate *state, uint32_t *at)
{
    uint32_t value = 0, byte = 128;
    for (int shift = 0; shift < 35 && byte > 127; shift += 7) {
        byte = (uint32_t)ws_number(state, (*at)++, 1);
        value |= (byte & 127) << shift;
        ws_check(state, shift < 28 || byte < 16, WASMSTATE_MODULE);
    }
    return value;
}

/* The section behind another; false behind the last. The first is behind one that ends at 8. */
static bool ws_next_frame(wasmstate *state, ws_frame *frame)
{
    static const char names[3][16] = {"wasmstate.state", "wasmstate.prev", "wasmstate.baked"};
    uint32_t at = frame->start = frame->end, size = state->source.size, length;
    char name[16];
    if (at >= size || state->error) return false;
    frame->id = (uint8_t)ws_number(state, at++, 1);
    frame->name = WS_OTHER;
    length = ws_leb128(state, &at);
    if (!ws_check(state, frame->id < 14 && at <= size && length <= size - at, WASMSTATE_MODULE))
        return false;
    frame->content = at;
    frame->end = at + length;
    if (frame->id) return true;
    length = ws_leb128(state, &at);
    if (!ws_check(state, at <= frame->end && length <= frame->end - at, WASMSTATE_MODULE))
        return false;
    frame->content = at + length;
    for (uint8_t i = 0; i < 3; i++)
        if (length == strlen(names[i])) {
            ws_read(state, at, name, length);
            if (!memcmp(name, names[i], length)) frame->name = i + 1;
        }
    return !state->error;
}

/* Find the section of the state, and with `digest` that of the code: docs/format.md, "Digests". */
static WS_APART void ws_find(wasmstate *state, uint8_t *digest)
{
    ws_frame frame = {.end = 8};
    ws_sha256 sha;
    ws_out out = {.state = state, .sha = &sha};
    ws_sha256_start(&sha);
    ws_check(state, state->source.size <= INT32_MAX, WASMSTATE_TOO_LARGE);
    ws_check(state, state->source.size >= 8 && ws_number(state, 0, 8) == 0x16d736100, WASMSTATE_MODULE);
    state->offset = 0;
    while (ws_next_frame(state, &frame)) {
        ws_check(state, frame.name != WS_BAKED, WASMSTATE_BAKED);
        uint32_t size = frame.end - frame.content;
        if (frame.name == WS_STATE) {
            ws_check(state, !state->offset, WASMSTATE_TWO_STATES);
            state->offset = frame.content;
            state->length = size;
        }
        if (frame.id && digest) {
            ws_put_number(&out, frame.id, 1);
            ws_put_number(&out, size, 8);
            ws_copy(state, frame.content, size, &out);
        }
    }
    if (!state->error) state->error_offset = frame.end;
    ws_check(state, state->offset, WASMSTATE_NO_STATE);
    if (digest) ws_sha256_end(&sha, digest);
}

wasmstate_error wasmstate_open(wasmstate *state, const wasmstate_source *module)
{
    uint8_t digest[32];
    memset(state, 0, sizeof *state);
    state->source = *module;
    ws_find(state, digest);
    if (state->error) return state->error;
    ws_verify(state, false);
    ws_check(state, !memcmp(digest, state->module_digest, 32), WASMSTATE_MODULE_DIGEST);
    return state->error;
}

/* ---- S in the instance ---- */

/* The memory of a region that is not a global; NULL, and an error, if the region does not fit. */
static uint8_t *ws_memory(wasmstate *state, const wasmstate_instance *instance,
    const wasmstate_region *region, uint64_t *size)
{
    uint8_t *memory = instance->memory(instance->context, region->index, size);
    bool fits = memory && (WS_IS_WHOLE(region)
            || (region->length <= *size && region->address <= *size - region->length));
    return ws_check(state, fits, WASMSTATE_MEMORY) ? memory : NULL;
}

static void ws_restore_region(
    wasmstate *state, const wasmstate_instance *instance, const wasmstate_region *region)
{
    uint32_t at = ws_place(state, region), count, bytes;
    uint64_t size;
    uint8_t global[16] = {0}, *memory;
    if (region->kind == WS_GLOBAL) {
        ws_read(state, at, global, region->length);
        ws_check(state, instance->set_global
                && !instance->set_global(instance->context, region->index, global, region->length),
            WASMSTATE_GLOBAL);
        return;
    }
    memory = ws_memory(state, instance, region, &size);
    if (memory && WS_IS_WHOLE(region) && size < region->address) {
        ws_check(state,
            instance->grow && !instance->grow(instance->context, region->index, region->address),
            WASMSTATE_MEMORY);
        memory = ws_memory(state, instance, region, &size);
        ws_check(state, size == region->address, WASMSTATE_MEMORY);
    }
    if (state->error) return;
    if (!WS_IS_WHOLE(region)) {
        ws_read(state, at, memory + region->address, region->length);
        return;
    }
    memset(memory, 0, (size_t)region->address);
    count = ws_u32(state, at);
    for (bytes = at + 8 + 16 * count; count-- && !state->error; at += 16) {
        uint32_t length = ws_u32(state, at + 16);
        ws_read(state, bytes, memory + ws_u32(state, at + 8), length);
        bytes += length;
    }
}

wasmstate_error wasmstate_restore(wasmstate *state, const wasmstate_instance *instance)
{
    state->error = WASMSTATE_OK;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < state->region_count && !state->error; i++) {
            wasmstate_region region = wasmstate_region_at(state, i);
            uint64_t size = 0;
            if (pass) ws_restore_region(state, instance, &region);
            else if (region.kind != WS_GLOBAL) ws_memory(state, instance, &region, &size);
            if (WS_IS_WHOLE(&region))
                ws_check(state, size <= region.address, WASMSTATE_MEMORY);
        }
    return state->error;
}

/* Find the next blocks in a row that are not all zeros, from `start` on; gives where they end, or 0. */
static uint32_t ws_next_run(const uint8_t *memory, uint32_t size, uint32_t *start)
{
    uint32_t end = 0;
    for (uint32_t at = *start, block_end; at < size; at = block_end) {
        block_end = size - at < WS_BLOCK ? size : at + WS_BLOCK;
        uint32_t byte = at;
        while (byte < block_end && !memory[byte]) byte++;
        if (byte == block_end && end) break;
        if (byte == block_end) continue;
        if (!end) *start = at;
        end = block_end;
    }
    return end;
}

static void ws_put_image(const uint8_t *memory, uint32_t size, ws_out *out)
{
    uint32_t count = 0, at, end;
    for (int pass = 0; pass < 3; pass++) {
        if (pass == 1) ws_put_number(out, count, 8);
        for (at = 0; (end = ws_next_run(memory, size, &at)); at = end) {
            count++;
            if (pass == 1) {
                ws_put_number(out, at, 8);
                ws_put_number(out, end - at, 8);
            }
            if (pass == 2) ws_put(out, memory + at, end - at);
        }
    }
}

/* What a record stores of a region, from the instance; a whole memory may have grown. */
static void ws_put_region(
    wasmstate *state, const wasmstate_instance *instance, wasmstate_region *region, ws_out *out)
{
    uint8_t global[16] = {0}, *memory;
    if (region->kind == WS_GLOBAL) {
        ws_check(state, instance->get_global
                && !instance->get_global(instance->context, region->index, global, region->length),
            WASMSTATE_GLOBAL);
        ws_put(out, global, region->length);
        return;
    }
    uint64_t size;
    memory = ws_memory(state, instance, region, &size);
    if (!memory) return;
    if (!WS_IS_WHOLE(region)) {
        ws_put(out, memory + region->address, region->length);
        return;
    }
    if (!ws_check(state, size <= INT32_MAX, WASMSTATE_TOO_LARGE)) return;
    region->address = size;
    ws_put_image(memory, (uint32_t)size, out);
}

wasmstate_error wasmstate_changed(wasmstate *state, const wasmstate_instance *instance, bool *changed)
{
    state->error = WASMSTATE_OK;
    *changed = false;
    for (uint32_t i = 0; i < state->region_count && !*changed && !state->error; i++) {
        wasmstate_region region = wasmstate_region_at(state, i), before = region;
        ws_out out = {.state = state, .is_compared = true, .at = ws_place(state, &region)};
        out.end = out.at + region.length;
        ws_put_region(state, instance, &region, &out);
        *changed = out.differs || out.at != out.end || region.address != before.address;
    }
    return state->error;
}

/* ---- The next record: docs/format.md, "Writing" ---- */

/* The region table of S as it is in the instance. */
static void ws_put_table(wasmstate *state, const wasmstate_instance *instance, ws_out *out)
{
    uint32_t place = 0;
    for (uint32_t i = 0; i < state->region_count && !state->error; i++) {
        wasmstate_region region = wasmstate_region_at(state, i);
        ws_out bytes = {.state = state};
        ws_put_region(state, instance, &region, &bytes);
        ws_put_number(out, region.kind, 4);
        ws_put_number(out, region.index, 4);
        ws_put_number(out, region.address, 8);
        ws_put_number(out, bytes.length, 8);
        ws_put_number(out, place, 8);
        ws_put_number(out, bytes.crc, 8); /* and zeros */
        place = ws_aligned(place + bytes.length, 16);
    }
}

static void ws_put_payload(wasmstate *state, const wasmstate_instance *instance, ws_out *out)
{
    for (uint32_t i = 0; i < state->region_count && !state->error; i++) {
        wasmstate_region region = wasmstate_region_at(state, i);
        uint32_t start = out->length;
        ws_put_region(state, instance, &region, out);
        while ((out->length - start) & 15) ws_put_number(out, 0, 1);
    }
}

/* What has to be known of the next record before its first byte is written. */
typedef struct ws_next {
    uint64_t updates;
    uint32_t table_crc, payload_crc, payload_length, length;
    uint8_t digest[32];
} ws_next;

static WS_APART void ws_prepare(
    wasmstate *state, const wasmstate_instance *instance, uint64_t updates, ws_next *next)
{
    ws_sha256 sha;
    ws_out out = {.state = state, .sha = &sha};
    ws_check(state, !state->read_only, WASMSTATE_READ_ONLY);
    ws_check(state, state->generation < UINT64_MAX && updates <= UINT64_MAX - state->update_count,
        WASMSTATE_COUNT);
    next->updates = state->update_count + updates;
    ws_sha256_start(&sha);
    ws_put_table(state, instance, &out);
    next->table_crc = out.crc;
    ws_copy(state, ws_entry(state, state->region_count), state->schema_length, &out);
    out.length = out.crc = 0;
    ws_put_payload(state, instance, &out);
    next->payload_crc = out.crc;
    next->payload_length = out.length;
    next->length = state->payload_offset + out.length + WS_TRAILER;
    ws_check(state, next->length <= INT32_MAX, WASMSTATE_TOO_LARGE);
    ws_sha256_end(&sha, next->digest);
}

/* Write the next record; what does not change is that of the record before. */
static WS_APART void ws_put_record(
    wasmstate *state, const wasmstate_instance *instance, const ws_next *next, ws_out *out)
{
    uint32_t at = state->offset, schema = WS_HEADER + state->region_count * WS_REGION, crc;
    out->crc = 0;
    ws_copy(state, at, 24, out);
    ws_put_number(out, state->generation + 1, 8);
    ws_copy(state, at + 32, 8, out);
    ws_put_number(out, next->table_crc, 4);
    ws_copy(state, at + 44, 8, out);
    ws_put_number(out, next->payload_crc, 4);
    ws_copy(state, at + 56, 8, out);
    ws_put_number(out, next->payload_length, 8);
    ws_put_number(out, next->updates, 8);
    ws_put(out, state->module_digest, 32);
    ws_put(out, next->digest, 32);
    ws_put(out, state->state_digest, 32);
    if (state->generation) ws_copy(state, at + 176, 32, out);
    else ws_put(out, state->state_digest, 32);
    ws_copy(state, at + 208, 44, out);
    ws_put_number(out, crc = out->crc, 4);
    out->crc = 0;
    ws_put_table(state, instance, out);
    ws_check(state, out->crc == next->table_crc, WASMSTATE_UNSTABLE);
    ws_copy(state, at + schema, state->payload_offset - schema, out);
    out->crc = 0;
    ws_put_payload(state, instance, out);
    ws_check(state, out->crc == next->payload_crc, WASMSTATE_UNSTABLE);
    out->crc = 0;
    ws_put_number(out, WS_END_MAGIC, 8);
    ws_put_number(out, state->generation + 1, 8);
    ws_put_number(out, next->length, 8);
    ws_put_number(out, crc, 4);
    ws_put_number(out, out->crc, 4);
}
#endif /* WASMSTATE_IMPLEMENTATION */
