/* wasmstate_flash.h: the state of a module in two slots of flash, written in turn. See wasmstate.h. */
#ifndef WASMSTATE_FLASH_H
#define WASMSTATE_FLASH_H

#include "wasmstate.h"

/* Two slots for records, beside a module that is never written. Each write begins at a multiple of 16
 * and has a multiple of 16 bytes: WASMSTATE_CHUNK but for the last. Callbacks give 0, or an error. */
typedef struct wasmstate_flash {
    void *context;
    uint32_t slot_size;
    int (*read)(void *context, int slot, uint32_t offset, void *bytes, uint32_t size);
    int (*write)(void *context, int slot, uint32_t offset, const void *bytes, uint32_t size);
    int (*erase)(void *context, int slot);
    /* Set by wasmstate_flash_open(): the slot of the state, -1 for the module itself, and why a slot
     * was left out. A slot that was never written has WASMSTATE_MAGIC. */
    int slot;
    wasmstate_error slot_errors[2];
} wasmstate_flash;

/* Find the newest whole state of this module: in a slot, or in the module. */
wasmstate_error wasmstate_flash_open(
    wasmstate *state, const wasmstate_source *module, wasmstate_flash *flash);
/* Write S to the other slot, and read it back. A power cut leaves the state from before or this one. */
wasmstate_error wasmstate_flash_commit(
    wasmstate *state, wasmstate_flash *flash, const wasmstate_instance *instance, uint64_t updates);

#endif /* WASMSTATE_FLASH_H */

#if defined(WASMSTATE_IMPLEMENTATION) && !defined(WASMSTATE_FLASH_IMPLEMENTED)
#define WASMSTATE_FLASH_IMPLEMENTED
static int ws_read_slot_0(void *context, uint32_t offset, void *bytes, uint32_t size)
{
    wasmstate_flash *flash = context;
    return flash->read(flash->context, 0, offset, bytes, size);
}

static int ws_read_slot_1(void *context, uint32_t offset, void *bytes, uint32_t size)
{
    wasmstate_flash *flash = context;
    return flash->read(flash->context, 1, offset, bytes, size);
}

static int ws_write_slot(void *context, uint32_t offset, const void *bytes, uint32_t size)
{
    wasmstate_flash *flash = context;
    return flash->write(flash->context, flash->slot == 0, offset, bytes, size);
}

static void ws_open_slot(wasmstate *state, wasmstate_flash *flash, int slot)
{
    memset(state, 0, sizeof *state);
    state->source.context = flash;
    state->source.size = state->length = flash->slot_size;
    state->source.read = slot ? ws_read_slot_1 : ws_read_slot_0;
    ws_verify(state, true);
}

/* The state digest of generation 0: one history has one. */
static void ws_base(wasmstate *state, uint8_t *digest)
{
    memcpy(digest, state->state_digest, 32);
    if (state->generation) ws_read(state, state->offset + 176, digest, 32);
}

wasmstate_error wasmstate_flash_open(
    wasmstate *state, const wasmstate_source *module, wasmstate_flash *flash)
{
    wasmstate other;
    uint8_t ours[32], theirs[32];
    if (wasmstate_open(state, module)) return state->error;
    flash->slot = -1;
    for (int slot = 0; slot < 2; slot++) {
        ws_open_slot(&other, flash, slot);
        ws_base(state, ours);
        ws_base(&other, theirs);
        /* Other code, or another history of this one: the module was attached and flashed again. */
        ws_check(&other,
            !memcmp(other.module_digest, state->module_digest, 32) && !memcmp(ours, theirs, 32),
            WASMSTATE_MODULE_DIGEST);
        flash->slot_errors[slot] = other.error;
        if (other.error || other.generation <= state->generation) continue;
        *state = other;
        flash->slot = slot;
    }
    return state->error;
}

static WS_APART void ws_write_record(wasmstate *state, wasmstate_flash *flash,
    const wasmstate_instance *instance, ws_next *next)
{
    uint8_t piece[WASMSTATE_CHUNK];
    ws_out out = {.state = state, .write = ws_write_slot, .context = flash, .piece = piece};
    int slot = flash->slot == 0;
    if (!ws_check(state, next->length <= flash->slot_size, WASMSTATE_TOO_LARGE)) return;
    flash->slot_errors[slot] = WASMSTATE_SLOT;
    ws_check(state, !flash->erase(flash->context, slot), WASMSTATE_WRITE);
    ws_put_record(state, instance, next, &out);
    ws_flush(&out);
}

/* Go on with the other slot, if it holds what was written. */
static WS_APART void ws_read_back(wasmstate *state, wasmstate_flash *flash, const ws_next *next)
{
    wasmstate written;
    int slot = flash->slot == 0;
    ws_open_slot(&written, flash, slot);
    if (!ws_check(state, !written.error && !memcmp(written.state_digest, next->digest, 32)
                && written.generation == state->generation + 1,
            WASMSTATE_SLOT))
        return;
    *state = written;
    flash->slot = slot;
    flash->slot_errors[slot] = WASMSTATE_OK;
}

wasmstate_error wasmstate_flash_commit(
    wasmstate *state, wasmstate_flash *flash, const wasmstate_instance *instance, uint64_t updates)
{
    ws_next next;
    state->error = WASMSTATE_OK;
    ws_prepare(state, instance, updates, &next);
    if (!state->error) ws_write_record(state, flash, instance, &next);
    if (!state->error) ws_read_back(state, flash, &next);
    return state->error;
}
#endif /* WASMSTATE_IMPLEMENTATION */
