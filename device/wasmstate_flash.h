/* wasmstate_flash.h: the state of a module in a ring of sectors of flash. See wasmstate.h. */
#ifndef WASMSTATE_FLASH_H
#define WASMSTATE_FLASH_H

#include "wasmstate.h"

/* Records are appended one behind the other, beside a module that is never written. A sector is erased
 * when a record first enters it, so all of them wear alike: two slots that are written in turn would
 * cost an erase for each commit. A record lies in one sector, or begins one if it is longer.
 *
 * Each write begins at a multiple of 16 and has a multiple of 16 bytes: WASMSTATE_CHUNK but for the
 * last. None goes to bytes that were written since they were erased. Callbacks give 0, or an error;
 * an address counts from the first sector. */
typedef struct wasmstate_flash {
    void *context;
    uint32_t sector_size, sectors; /* a multiple of 16; at least two times the sectors of a record */
    int (*read)(void *context, uint32_t address, void *bytes, uint32_t size);
    int (*write)(void *context, uint32_t address, const void *bytes, uint32_t size);
    int (*erase)(void *context, uint32_t sector);
    /* Set by wasmstate_flash_open(): the address of the state, WASMSTATE_IN_MODULE if it is there; how
     * many records were left out, and why the last of them: it was cut, damaged, or of other code. */
    uint32_t address, left_out;
    wasmstate_error why;
    uint32_t next, start; /* where the next record may go, where the last one was tried */
} wasmstate_flash;

#define WASMSTATE_IN_MODULE UINT32_MAX

/* Find the newest whole state of this module: in the ring, or in the module. */
wasmstate_error wasmstate_flash_open(
    wasmstate *state, const wasmstate_source *module, wasmstate_flash *flash);
/* Append S, and read it back. A power cut leaves the state from before or this one. A sector that does
 * not hold what was written is passed over by the next commit. */
wasmstate_error wasmstate_flash_commit(
    wasmstate *state, wasmstate_flash *flash, const wasmstate_instance *instance, uint64_t updates);

#endif /* WASMSTATE_FLASH_H */

#if defined(WASMSTATE_IMPLEMENTATION) && !defined(WASMSTATE_FLASH_IMPLEMENTED)
#define WASMSTATE_FLASH_IMPLEMENTED
static int ws_read_ring(void *context, uint32_t address, void *bytes, uint32_t size)
{
    wasmstate_flash *flash = context;
    return flash->read(flash->context, address, bytes, size);
}

static int ws_write_ring(void *context, uint32_t offset, const void *bytes, uint32_t size)
{
    wasmstate_flash *flash = context;
    return flash->write(flash->context, flash->start + offset, bytes, size);
}

static void ws_open_record(wasmstate *state, wasmstate_flash *flash, uint32_t address)
{
    memset(state, 0, sizeof *state);
    state->source.context = flash;
    state->source.size = flash->sector_size * flash->sectors;
    state->source.read = ws_read_ring;
    state->offset = address;
    state->length = state->source.size - address;
    ws_verify(state, true);
}

/* The state digest of generation 0: one history has one. */
static void ws_base(wasmstate *state, uint8_t *digest)
{
    memcpy(digest, state->state_digest, 32);
    if (state->generation) ws_read(state, state->offset + 176, digest, 32);
}

/* Look at a record; gives where the next one would be, 0 if there is none that is whole. */
static WS_APART uint32_t ws_take_record(wasmstate *state, wasmstate_flash *flash, uint32_t address)
{
    wasmstate other;
    uint8_t ours[32], theirs[32];
    uint32_t end = 0;
    ws_open_record(&other, flash, address);
    if (!other.error) {
        end = ws_aligned(address + other.length, 16);
        ws_base(state, ours);
        ws_base(&other, theirs);
        /* Other code, or another history of this one: the module was attached and flashed again. */
        ws_check(&other,
            !memcmp(other.module_digest, state->module_digest, 32) && !memcmp(ours, theirs, 32),
            WASMSTATE_MODULE_DIGEST);
    }
    if (other.error && other.error != WASMSTATE_MAGIC) {
        flash->left_out++;
        flash->why = other.error;
    }
    if (!other.error && other.generation > state->generation) {
        *state = other;
        flash->address = address;
        flash->next = end;
    }
    return end;
}

wasmstate_error wasmstate_flash_open(
    wasmstate *state, const wasmstate_source *module, wasmstate_flash *flash)
{
    uint32_t size = flash->sector_size, at, end;
    if (wasmstate_open(state, module)) return state->error;
    flash->address = WASMSTATE_IN_MODULE;
    flash->left_out = flash->next = 0;
    flash->why = WASMSTATE_OK;
    for (uint32_t sector = 0; sector < flash->sectors; sector = at / size + (at % size != 0)) {
        for (at = sector * size; (end = ws_take_record(state, flash, at)) != 0; at = end)
            if (end % size == 0) break;
        at = end ? end : at + (at % size == 0);
    }
    return state->error;
}

static bool ws_is_blank(wasmstate *state, wasmstate_flash *flash, uint32_t at, uint32_t end)
{
    uint8_t bytes[17] = {0xff}; /* equal to the first one, if each is equal to the one before */
    for (; at < end; at += 16) {
        ws_check(state, !flash->read(flash->context, at, bytes + 1, 16), WASMSTATE_READ);
        if (memcmp(bytes, bytes + 1, 16)) return false;
    }
    return true;
}

/* Find room behind the last record: in its sector, if nothing was written there, or in the sectors that
 * follow and do not hold the state from before. Those are erased. */
static WS_APART void ws_make_room(wasmstate *state, wasmstate_flash *flash, uint32_t length)
{
    uint32_t size = flash->sector_size, count = (length + size - 1) / size, at = flash->next;
    uint32_t sector = (at + size - 1) / size;
    flash->start = at;
    if (length <= sector * size - at && ws_is_blank(state, flash, at, at + length)) return;
    for (uint32_t tried = 0; tried <= flash->sectors; tried++, sector++) {
        if (sector + count > flash->sectors) sector = 0;
        flash->start = sector * size;
        flash->next = flash->start + count * size; /* unless it succeeds */
        if (flash->address != WASMSTATE_IN_MODULE && flash->start < flash->address + state->length
            && flash->address < flash->next)
            continue;
        if (flash->next > flash->sectors * size) break;
        while (count--) ws_check(state, !flash->erase(flash->context, sector++), WASMSTATE_WRITE);
        return;
    }
    ws_check(state, false, WASMSTATE_TOO_LARGE);
}

static WS_APART void ws_write_record(wasmstate *state, wasmstate_flash *flash,
    const wasmstate_instance *instance, ws_next *next)
{
    uint8_t piece[WASMSTATE_CHUNK];
    ws_out out = {.state = state, .write = ws_write_ring, .context = flash, .piece = piece};
    ws_put_record(state, instance, next, &out);
    ws_flush(&out);
}

/* Go on with the new record, if the flash holds what was written. */
static WS_APART void ws_read_back(wasmstate *state, wasmstate_flash *flash, const ws_next *next)
{
    wasmstate written;
    ws_open_record(&written, flash, flash->start);
    if (!ws_check(state, !written.error && !memcmp(written.state_digest, next->digest, 32)
                && written.generation == state->generation + 1,
            WASMSTATE_FLASH))
        return;
    *state = written;
    flash->address = flash->start;
    flash->next = ws_aligned(flash->start + written.length, 16);
}

wasmstate_error wasmstate_flash_commit(
    wasmstate *state, wasmstate_flash *flash, const wasmstate_instance *instance, uint64_t updates)
{
    ws_next next;
    state->error = WASMSTATE_OK;
    ws_prepare(state, instance, updates, &next);
    if (!state->error) ws_make_room(state, flash, ws_aligned(next.length, 16));
    if (!state->error) ws_write_record(state, flash, instance, &next);
    if (!state->error) ws_read_back(state, flash, &next);
    return state->error;
}
#endif /* WASMSTATE_IMPLEMENTATION */
