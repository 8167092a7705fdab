/* Drives device/wasmstate.h by lines: each is a command, each gets an answer of one line. The instance is
 * four memories of up to four pages and four globals, without code. */
#define WASMSTATE_IMPLEMENTATION
#include "wasmstate_posix.h"
#include "wasmstate_flash.h"

#include <stdlib.h>

enum { PAGE = 65536, PAGES = 4, RING = 1 << 18 };

static uint8_t memories[4][PAGES * PAGE], globals[4][16];
static uint64_t sizes[4];
static wasmstate_file file = {.fd = -1, .folder = -1};
static uint8_t ring[RING], module[1 << 20];
static long bytes_left = -1; /* power is cut behind so many bytes; an erase counts as one */
static long worn = -1; /* a byte of the ring that keeps no ones */
static unsigned long long written, erased, misused; /* bytes, sectors, bytes that were not blank */
static size_t module_size;
static wasmstate flashed;

static uint8_t *memory(void *context, uint32_t index, uint64_t *size)
{
    (void)context;
    if (index >= 4 || !sizes[index]) return NULL;
    *size = sizes[index];
    return memories[index];
}

static int grow(void *context, uint32_t index, uint64_t size)
{
    (void)context;
    if (size > sizeof memories[index]) return 1;
    sizes[index] = size;
    return 0;
}

static int get_global(void *context, uint32_t index, uint8_t *bytes, uint32_t size)
{
    (void)context;
    if (index >= 4) return 1;
    memcpy(bytes, globals[index], size);
    return 0;
}

static int set_global(void *context, uint32_t index, const uint8_t *bytes, uint32_t size)
{
    (void)context;
    if (index >= 4) return 1;
    memcpy(globals[index], bytes, size);
    return 0;
}

static const wasmstate_instance instance = {NULL, memory, grow, get_global, set_global};

static int read_ring(void *context, uint32_t address, void *bytes, uint32_t size)
{
    (void)context;
    memcpy(bytes, ring + address, size);
    return 0;
}

static int write_ring(void *context, uint32_t address, const void *bytes, uint32_t size)
{
    (void)context;
    if (address % 16 || size % 16) return 1;
    for (uint32_t i = 0; i < size; i++) {
        if (!bytes_left) return 1;
        if (bytes_left > 0) bytes_left--;
        written++;
        misused += ring[address + i] != 0xff;
        ring[address + i] &= ((const uint8_t *)bytes)[i];
        if (worn >= 0) ring[worn] = 0;
    }
    return 0;
}

static int erase_sector(void *context, uint32_t sector);

static wasmstate_flash flash = {.sector_size = 4096, .sectors = RING / 4096, .read = read_ring,
    .write = write_ring, .erase = erase_sector};

static int erase_sector(void *context, uint32_t sector)
{
    (void)context;
    bool is_cut = bytes_left == 1; /* half of it is erased */
    if (!bytes_left) return 1;
    if (bytes_left > 0) bytes_left--;
    erased++;
    memset(ring + sector * flash.sector_size, 0xff, flash.sector_size / (is_cut ? 2 : 1));
    return is_cut;
}

static void answer(wasmstate_error error, const wasmstate *state)
{
    if (error)
        printf("error %d at %u: %s\n", error, state->error_offset, wasmstate_words(error));
    else
        printf("generation %llu, %llu updates\n", (unsigned long long)state->generation,
            (unsigned long long)state->update_count);
}

static size_t load(const char *path)
{
    FILE *from = fopen(path, "rb");
    module_size = from ? fread(module, 1, sizeof module, from) : 0;
    if (from) fclose(from);
    return module_size;
}

/* Change bytes of the module in memory, and see what is read of it all the same. */
static void damage(size_t start, size_t end, int seed)
{
    wasmstate state;
    wasmstate_source source = wasmstate_bytes(module, (uint32_t)module_size);
    unsigned long long tried = 0, accepted = 0;
    for (size_t at = start; at < end; at++)
        for (int bit = 0; bit < (seed ? 1 : 8); bit++) {
            uint8_t before = module[at];
            module[at] ^= (uint8_t)(seed ? seed : 1 << bit);
            tried++;
            accepted += !wasmstate_open(&state, &source);
            module[at] = before;
        }
    printf("%llu of %llu accepted\n", accepted, tried);
}

/* Cut the module in memory, and see how many lengths are read. */
static void cut(uint32_t start, uint32_t end)
{
    wasmstate state;
    unsigned accepted = 0;
    for (uint32_t size = start; size < end; size++) {
        wasmstate_source source = wasmstate_bytes(module, size);
        accepted += !wasmstate_open(&state, &source);
    }
    printf("%u of %u accepted\n", accepted, end - start);
}

static wasmstate_error open_ring(void)
{
    wasmstate_source source = wasmstate_bytes(module, (uint32_t)module_size);
    wasmstate_error error = wasmstate_flash_open(&flashed, &source, &flash);
    return error ? error : wasmstate_restore(&flashed, &instance);
}

/* Cut power behind each byte of a commit, or some of them, and see what is there afterwards. The last
 * one is not cut. */
static void cut_commits(uint64_t updates, unsigned step)
{
    static uint8_t before[RING];
    static uint8_t old[PAGE], new[PAGE];
    uint64_t generation = flashed.generation;
    unsigned long long cuts = 0, bytes = 0, wrong = 0;
    memcpy(before, ring, RING);
    memcpy(new, memories[0], PAGE);
    open_ring();
    memcpy(old, memories[0], PAGE);
    for (wasmstate_error error = WASMSTATE_WRITE; error; cuts++, bytes += step) {
        memcpy(ring, before, RING);
        bytes_left = -1;
        open_ring();
        memcpy(memories[0], new, PAGE);
        bytes_left = (long)bytes;
        error = wasmstate_flash_commit(&flashed, &flash, &instance, updates);
        bytes_left = -1;
        /* Cut behind the last byte that says anything, a commit may be there and not be answered. */
        wrong += open_ring() != WASMSTATE_OK;
        bool is_new = flashed.generation == generation + 1;
        wrong += !is_new && (!error || flashed.generation != generation);
        wrong += memcmp(memories[0], is_new ? new : old, PAGE) != 0;
        if (!error) break;
        wrong += wasmstate_flash_commit(&flashed, &flash, &instance, updates) != WASMSTATE_OK;
    }
    printf("%llu cuts, %llu wrong\n", cuts, wrong);
}

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void poke(uint8_t *to, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) *to++ = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
}

static void run(const char *command, char words[3][4096], int count)
{
    unsigned long long a = strtoull(words[0], NULL, 10), b = count > 1 ? strtoull(words[1], NULL, 10) : 0;
    wasmstate_source source = wasmstate_bytes(module, (uint32_t)module_size);
    bool changed = false;
    if (!strcmp(command, "open")) {
        wasmstate_file_close(&file);
        static char path[4096];
        strcpy(path, words[0]);
        answer(wasmstate_file_open(&file, path), &file.state);
    } else if (!strcmp(command, "pages")) {
        sizes[a] = b * PAGE;
        puts("ok");
    } else if (!strcmp(command, "poke")) {
        poke(memories[a] + b, words[2]);
        puts("ok");
    } else if (!strcmp(command, "global")) {
        poke(globals[a], words[1]);
        puts("ok");
    } else if (!strcmp(command, "restore")) {
        answer(wasmstate_restore(&file.state, &instance), &file.state);
    } else if (!strcmp(command, "peek")) {
        for (unsigned i = 0; i < strtoul(words[2], NULL, 10); i++) printf("%02x", memories[a][b + i]);
        puts("");
    } else if (!strcmp(command, "peek-global")) {
        for (unsigned i = 0; i < b; i++) printf("%02x", globals[a][i]);
        puts("");
    } else if (!strcmp(command, "changed")) {
        wasmstate_error error = wasmstate_changed(&file.state, &instance, &changed);
        if (error) answer(error, &file.state);
        else puts(changed ? "changed" : "equal");
    } else if (!strcmp(command, "commit")) {
        answer(wasmstate_file_commit(&file, &instance, a), &file.state);
    } else if (!strcmp(command, "load")) {
        printf("%zu bytes\n", load(words[0]));
    } else if (!strcmp(command, "verify")) {
        wasmstate state;
        answer(wasmstate_open(&state, &source), &state);
    } else if (!strcmp(command, "record")) {
        wasmstate state = {.source = wasmstate_bytes(module, (uint32_t)load(words[0]))};
        state.length = state.source.size;
        ws_verify(&state, false);
        answer(state.error, &state);
    } else if (!strcmp(command, "damage")) {
        damage((size_t)a, (size_t)b, count > 2 ? atoi(words[2]) : 0);
    } else if (!strcmp(command, "cut")) {
        cut((uint32_t)a, (uint32_t)b);
    } else if (!strcmp(command, "flash-ring")) {
        flash.sector_size = (uint32_t)a;
        flash.sectors = (uint32_t)b;
        memset(ring, 0xff, sizeof ring);
        written = erased = 0;
        puts("ok");
    } else if (!strcmp(command, "flash-open")) {
        wasmstate_error error = open_ring();
        printf("at %d, left out %u (%d): ", (int)flash.address, flash.left_out, flash.why);
        answer(error, &flashed);
    } else if (!strcmp(command, "flash-commit")) {
        answer(wasmstate_flash_commit(&flashed, &flash, &instance, a), &flashed);
    } else if (!strcmp(command, "flash-cuts")) {
        cut_commits(a, (unsigned)b);
    } else if (!strcmp(command, "flash-wear")) {
        worn = atol(words[0]);
        puts("ok");
    } else if (!strcmp(command, "flash-flip")) {
        ring[a] ^= 1;
        puts("ok");
    } else if (!strcmp(command, "flash-use")) {
        printf("%llu bytes, %llu erases, %llu misused\n", written, erased, misused);
    } else if (!strcmp(command, "flash-record")) {
        FILE *to = fopen(words[0], "wb");
        fwrite(ring + flashed.offset, 1, (size_t)flashed.length, to);
        fclose(to);
        puts("ok");
    } else
        puts("unknown command");
}

int main(void)
{
    static char line[8192], words[3][4096], command[64];
    while (fgets(line, sizeof line, stdin)) {
        int count = sscanf(line, "%63s %4095s %4095s %4095s", command, words[0], words[1], words[2]) - 1;
        run(command, words, count);
        fflush(stdout);
    }
    wasmstate_file_close(&file);
    return 0;
}
