/* Drives device/wasmstate.h by lines: each is a command, each gets an answer of one line. The instance is
 * four memories of up to four pages and four globals, without code. */
#define WASMSTATE_IMPLEMENTATION
#include "wasmstate_posix.h"
#include "wasmstate_flash.h"

#include <stdlib.h>

enum { PAGE = 65536, PAGES = 4, SLOT = 1 << 17 };

static uint8_t memories[4][PAGES * PAGE], globals[4][16];
static uint64_t sizes[4];
static wasmstate_file file = {.fd = -1, .folder = -1};
static uint8_t slots[2][SLOT], module[1 << 20];
static long writes_left = -1; /* power is cut behind so many writes */
static long worn = -1; /* a byte of each slot that keeps no ones */
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

static int read_slot(void *context, int slot, uint32_t offset, void *bytes, uint32_t size)
{
    (void)context;
    memcpy(bytes, slots[slot] + offset, size);
    return 0;
}

static int write_slot(void *context, int slot, uint32_t offset, const void *bytes, uint32_t size)
{
    (void)context;
    if (offset % 16 || size % 16 || !writes_left) return 1;
    if (writes_left > 0) writes_left--;
    for (uint32_t i = 0; i < size; i++) slots[slot][offset + i] &= ((const uint8_t *)bytes)[i];
    if (worn >= 0) slots[slot][worn] = 0;
    return 0;
}

static int erase_slot(void *context, int slot)
{
    (void)context;
    if (!writes_left) return 1;
    if (writes_left > 0) writes_left--;
    memset(slots[slot], 0xff, SLOT);
    return 0;
}

static wasmstate_flash flash = {NULL, SLOT, read_slot, write_slot, erase_slot, 0, {0, 0}};

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
    } else if (!strcmp(command, "flash-erase")) {
        memset(slots, 0xff, sizeof slots);
        puts("ok");
    } else if (!strcmp(command, "flash-open")) {
        wasmstate_error error = wasmstate_flash_open(&flashed, &source, &flash);
        if (!error) error = wasmstate_restore(&flashed, &instance);
        printf("slot %d, errors %d %d: ", flash.slot, flash.slot_errors[0], flash.slot_errors[1]);
        answer(error, &flashed);
    } else if (!strcmp(command, "flash-commit")) {
        writes_left = count > 1 ? (long)b : -1;
        answer(wasmstate_flash_commit(&flashed, &flash, &instance, a), &flashed);
        writes_left = -1;
    } else if (!strcmp(command, "flash-wear")) {
        worn = atol(words[0]);
        puts("ok");
    } else if (!strcmp(command, "flash-flip")) {
        slots[a][b] ^= 1;
        puts("ok");
    } else if (!strcmp(command, "slot")) {
        FILE *to = fopen(words[1], "wb");
        fwrite(slots[a], 1, (size_t)flashed.length, to);
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
