/* wasmstate_posix.h: the state of a module in a file, committed by a temporary file, fsync, rename, fsync
 * of the folder. Writers wait for one another, those in Python too. See wasmstate.h. */
#ifndef WASMSTATE_POSIX_H
#define WASMSTATE_POSIX_H

#if defined(WASMSTATE_IMPLEMENTATION) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#ifndef WASMSTATE_CHUNK
#define WASMSTATE_CHUNK 4096
#endif
#include "wasmstate.h"

/* A module in a file. The system's reason of an error is in `errno`. */
typedef struct wasmstate_file {
    wasmstate state;
    const char *name; /* in the caller's path */
    int folder, fd;
    int64_t identity[5]; /* device, inode, size, times of content and inode: what was last seen */
} wasmstate_file;

/* The path is kept until the file is closed. A symbolic link is refused: see realpath(). */
wasmstate_error wasmstate_file_open(wasmstate_file *file, const char *path);
/* Write S as the next generation, after `updates` more calls of update(). Waits for the lock that all
 * writers of wasmstate take. After WASMSTATE_DURABILITY the new file is in place, and open; after any
 * other error the file is what it was. */
wasmstate_error wasmstate_file_commit(
    wasmstate_file *file, const wasmstate_instance *instance, uint64_t updates);
void wasmstate_file_close(wasmstate_file *file);

#endif /* WASMSTATE_POSIX_H */

#if defined(WASMSTATE_IMPLEMENTATION) && !defined(WASMSTATE_POSIX_IMPLEMENTED)
#define WASMSTATE_POSIX_IMPLEMENTED
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The random part of the name that Python gives to temporary files is zeros here. One writer at a time
 * holds the lock of the file, so whatever has this name is a dead writer's. Python sweeps it, too. */
#define WS_SUFFIX ".wasmstate-tmp"
#define WS_TEMPORARY ".0000000000000000" WS_SUFFIX
enum { WS_LONGEST_NAME = 206, WS_LONGEST_FOLDER = 1024, WS_FINGERPRINT = 32768 };

static int ws_read_file(void *context, uint32_t offset, void *bytes, uint32_t size)
{
    uint8_t *to = bytes;
    for (ssize_t got; size; to += got, offset += (uint32_t)got, size -= (uint32_t)got) {
        got = pread((int)(intptr_t)context, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR) got = 0;
        else if (got <= 0) return 1;
    }
    return 0;
}

static int ws_write_file(void *context, uint32_t offset, const void *bytes, uint32_t size)
{
    const uint8_t *from = bytes;
    for (ssize_t put; size; from += put, offset += (uint32_t)put, size -= (uint32_t)put) {
        put = pwrite((int)(intptr_t)context, from, size, (off_t)offset);
        if (put < 0 && errno == EINTR) put = 0;
        else if (put <= 0) return 1;
    }
    return 0;
}

static void ws_close(int fd)
{
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
}

static wasmstate_source ws_file_source(int fd, const struct stat *info)
{
    wasmstate_source source = {(void *)(intptr_t)fd, UINT32_MAX, ws_read_file};
    if (info->st_size < INT32_MAX) source.size = (uint32_t)info->st_size;
    return source;
}

static void ws_identify(const struct stat *info, int64_t *identity)
{
    identity[0] = (int64_t)info->st_dev;
    identity[1] = (int64_t)info->st_ino;
    identity[2] = (int64_t)info->st_size;
    identity[3] = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    identity[4] = (int64_t)info->st_ctim.tv_sec * 1000000000 + info->st_ctim.tv_nsec;
}

static int ws_open_file(const wasmstate_file *file)
{
    return openat(file->folder, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

wasmstate_error wasmstate_file_open(wasmstate_file *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[WS_LONGEST_FOLDER] = ".";
    struct stat info;
    memset(file, 0, sizeof *file);
    file->name = slash ? slash + 1 : path;
    file->folder = file->fd = -1;
    file->state.error = WASMSTATE_READ;
    size_t length = (size_t)(file->name - path);
    errno = ENAMETOOLONG;
    if (length < sizeof folder && strlen(file->name) <= WS_LONGEST_NAME) {
        memcpy(folder, path, length);
        if (length) folder[length] = 0;
        file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (file->folder >= 0) file->fd = ws_open_file(file);
    if (file->fd >= 0 && !fstat(file->fd, &info)) {
        wasmstate_source source = ws_file_source(file->fd, &info);
        ws_identify(&info, file->identity);
        errno = 0;
        wasmstate_open(&file->state, &source);
    }
    if (file->state.error) wasmstate_file_close(file);
    return file->state.error;
}

void wasmstate_file_close(wasmstate_file *file)
{
    ws_close(file->fd);
    ws_close(file->folder);
    file->fd = file->folder = -1;
}

/* True if the path leads to this file. */
static bool ws_is_there(const wasmstate_file *file, const struct stat *info)
{
    struct stat there;
    return !fstatat(file->folder, file->name, &there, AT_SYMLINK_NOFOLLOW)
        && there.st_dev == info->st_dev && there.st_ino == info->st_ino;
}

/* Take the lock of the file at the path. Each commit puts another file there, so the path is looked at
 * again when the lock is held. */
static int ws_lock(wasmstate_file *file, struct stat *info)
{
    int fd;
    while ((fd = ws_open_file(file)) >= 0) {
        if (flock(fd, LOCK_EX) || fstat(fd, info)) break;
        if (ws_is_there(file, info)) {
            ws_check(&file->state, S_ISREG(info->st_mode) && info->st_nlink == 1
                    && !faccessat(file->folder, file->name, W_OK, AT_EACCESS),
                WASMSTATE_NOT_REPLACEABLE);
            return fd;
        }
        ws_close(fd);
    }
    ws_check(&file->state, false, WASMSTATE_WRITE);
    return fd;
}

static uint32_t ws_crc_of_file(int fd, uint32_t crc, uint32_t at, uint32_t end)
{
    uint8_t piece[256];
    for (uint32_t size; at < end; at += size) {
        size = end - at < sizeof piece ? end - at : (uint32_t)sizeof piece;
        if (ws_read_file((void *)(intptr_t)fd, at, piece, size)) memset(piece, 0, size);
        crc = ws_crc32(crc, piece, size);
    }
    return crc;
}

/* Whether a file has this fingerprint: CRC-32 of its size and its start, and of its end, in hexadecimal. */
static bool ws_has_fingerprint(int fd, const char *wanted)
{
    struct stat info;
    char text[17];
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_size >= INT32_MAX) return false;
    uint32_t size = (uint32_t)info.st_size, part = size < WS_FINGERPRINT ? size : WS_FINGERPRINT;
    uint32_t start = ws_crc32(0, (uint8_t *)text, (uint32_t)snprintf(text, sizeof text, "%u", (unsigned)size));
    start = ws_crc_of_file(fd, start, 0, part);
    snprintf(text, sizeof text, "%08x%08x", (unsigned)start,
        (unsigned)ws_crc_of_file(fd, 0, size - part, size));
    return !memcmp(text, wanted, 16);
}

/* Remove what dead writers left. Python exchanges two names, and puts the fingerprint of the file that it
 * replaces into the name of its temporary file: a leftover is removed if that file is still at the path, so
 * nothing was exchanged, or is the leftover. Any other may be of somebody else; Python gives it a name that
 * is seen. Whoever has the lock of a temporary file lives. */
static void ws_sweep(const wasmstate_file *file, int locked)
{
    size_t length = strlen(file->name);
    int list = openat(file->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = list < 0 ? NULL : fdopendir(list);
    if (!folder) {
        ws_close(list);
        return;
    }
    for (struct dirent *each; (each = readdir(folder));) {
        const char *rest = each->d_name, *replaced = NULL;
        if (*rest != '.' || strncmp(rest + 1, file->name, length) || rest[length + 1] != '.') continue;
        rest += length + 2;
        if (strspn(rest, "0123456789abcdef") != 16) continue;
        rest += 16;
        if (*rest == '-' && strspn(rest + 1, "0123456789abcdef") == 16) replaced = rest + 1, rest += 17;
        if (strcmp(rest, WS_SUFFIX)) continue;
        int fd = openat(file->folder, each->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)
            && (!replaced || ws_has_fingerprint(locked, replaced) || ws_has_fingerprint(fd, replaced)))
            unlinkat(file->folder, each->d_name, 0);
        ws_close(fd);
    }
    closedir(folder);
}

/* Check that the file holds the state that S was made from. One that is as it was left is not read. */
static void ws_check_same(wasmstate_file *file, int fd, const struct stat *info)
{
    wasmstate now;
    wasmstate_source source = ws_file_source(fd, info);
    int64_t identity[5];
    ws_identify(info, identity);
    if (file->state.error || !memcmp(identity, file->identity, sizeof identity)) return;
    if (wasmstate_open(&now, &source)) file->state.error = now.error;
    if (!ws_check(&file->state, now.generation == file->state.generation && !memcmp(now.module_digest, file->state.module_digest, 32)
                && !memcmp(now.state_digest, file->state.state_digest, 32),
            WASMSTATE_CONFLICT))
        return;
    /* The same state, among other sections: these are the ones to keep. */
    ws_close(file->fd);
    file->fd = dup(fd);
    file->state = now;
    file->state.source.context = (void *)(intptr_t)file->fd;
    ws_identify(info, file->identity);
}

/* The content of all sections wasmstate.prev of a module, one behind the other, is a source itself. */
typedef struct ws_older {
    wasmstate *state;
    uint32_t first; /* where the first of them starts */
} ws_older;

static int ws_read_older(void *context, uint32_t offset, void *bytes, uint32_t size)
{
    ws_older *older = context;
    ws_frame frame = {.end = older->first};
    uint8_t *to = bytes;
    while (size && ws_next_frame(older->state, &frame)) {
        uint32_t length = frame.name == WS_PREV ? frame.end - frame.content : 0;
        if (offset < length) {
            uint32_t part = size < length - offset ? size : length - offset;
            ws_read(older->state, frame.content + offset, to, part);
            to += part;
            size -= part;
            offset = 0;
        } else
            offset -= length;
    }
    return size || older->state->error;
}

static void ws_open_older(wasmstate *records, ws_older *older, wasmstate *state)
{
    ws_frame frame = {.end = 8};
    memset(records, 0, sizeof *records);
    *older = (ws_older){state, 0};
    records->source = (wasmstate_source){older, 0, ws_read_older};
    while (ws_next_frame(state, &frame))
        if (frame.name == WS_PREV) {
            if (!older->first) older->first = frame.start;
            records->source.size += frame.end - frame.content;
        }
}

/* Where the record at `at` ends, or 0 if none begins there: header and trailer have to agree. */
static uint32_t ws_record_end(wasmstate *records, uint32_t at)
{
    uint32_t left = records->source.size - at, header, end;
    if (left < WS_HEADER + WS_TRAILER || ws_number(records, at, 8) != WS_MAGIC) return 0;
    uint64_t payload = ws_number(records, at + 56, 8), length = ws_number(records, at + 64, 8);
    if (payload > left || length > left - payload || left - payload - length < WS_TRAILER) return 0;
    length += payload;
    end = at + (uint32_t)length;
    header = ws_u32(records, at + 20);
    bool is_record = ws_number(records, end, 8) == WS_END_MAGIC
        && ws_number(records, end + 16, 8) == length + WS_TRAILER && header >= WS_HEADER
        && header <= length && header <= 65536
        && ws_check_crc(records, end, 28, end + 28, WASMSTATE_TRAILER, NULL)
        && ws_check_crc(records, at, header - 4, at + header - 4, WASMSTATE_HEADER_CRC, NULL);
    records->error = WASMSTATE_OK; /* bytes that cannot be read are found when they are copied */
    return is_record ? end + WS_TRAILER : 0;
}

/* Where the next part of a history starts. Bytes that are no record reach to the next one, and count as
 * one: docs/format.md, "History". */
static uint32_t ws_next_part(wasmstate *records, uint32_t at)
{
    uint32_t end = ws_record_end(records, at);
    if (end) return end;
    while (++at < records->source.size && !records->error)
        if (ws_record_end(records, at)) return at;
    return records->source.size;
}

static uint32_t ws_kept_start(wasmstate *records, uint32_t keep)
{
    uint32_t count = 0, at = 0;
    if (!keep) return records->source.size;
    for (; at < records->source.size && !records->error; at = ws_next_part(records, at)) count++;
    for (at = 0; count > keep; count--) at = ws_next_part(records, at);
    return at;
}

static void ws_put_section(ws_out *out, const char *name, uint32_t size)
{
    uint32_t length = (uint32_t)strlen(name);
    ws_put_number(out, 0, 1);
    size += length + 1;
    for (int i = 0; i < 5; i++, size >>= 7) ws_put_number(out, (size & 127) | (i < 4 ? 128 : 0), 1);
    ws_put_number(out, length, 1);
    ws_put(out, (const uint8_t *)name, length);
}

/* Write the module with the next record; the one that it replaces goes to the history. */
static void ws_put_module(
    wasmstate *state, const wasmstate_instance *instance, uint64_t updates, ws_out *out)
{
    ws_next next;
    ws_older older;
    wasmstate records;
    ws_frame frame = {.end = 8};
    uint32_t start, size;
    ws_prepare(state, instance, updates, &next);
    ws_open_older(&records, &older, state);
    start = state->keep ? ws_kept_start(&records, state->keep - 1) : records.source.size;
    size = records.source.size - start;
    ws_check(state, (uint64_t)state->source.size + next.length < INT32_MAX, WASMSTATE_TOO_LARGE);
    ws_copy(state, 0, 8, out);
    while (ws_next_frame(state, &frame)) {
        if (frame.name == WS_STATE) {
            if (state->keep) {
                ws_put_section(out, "wasmstate.prev", size + state->length);
                ws_copy(&records, start, size, out);
                ws_copy(state, state->offset, state->length, out);
            }
            ws_put_section(out, "wasmstate.state", next.length);
            ws_put_record(state, instance, &next, out);
        } else if (frame.name != WS_PREV)
            ws_copy(state, frame.start, frame.end - frame.start, out);
    }
    ws_check(state, !records.error, WASMSTATE_READ);
    ws_flush(out);
}

/* Make the temporary file, with the lock that says that its writer lives. */
static int ws_create(const wasmstate_file *file, const char *name)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(file->folder, name, flags, 0600);
    if (fd < 0 && errno == EEXIST && !unlinkat(file->folder, name, 0))
        fd = openat(file->folder, name, flags, 0600);
    if (fd < 0 || !flock(fd, LOCK_EX)) return fd;
    ws_close(fd);
    return -1;
}

/* Write, sync and rename the temporary file. */
static void ws_replace(wasmstate_file *file, const char *temporary, int fd, const struct stat *old,
    const wasmstate_instance *instance, uint64_t updates)
{
    wasmstate *state = &file->state;
    struct stat new;
    uint8_t piece[WASMSTATE_CHUNK];
    ws_out out = {.state = state, .write = ws_write_file, .context = (void *)(intptr_t)fd};
    out.piece = piece;
    if (!ws_check(state, fd >= 0 && !fstat(fd, &new), WASMSTATE_WRITE)) return;
    ws_put_module(state, instance, updates, &out);
    if (state->error) return;
    /* The owner before the mode: its change clears the set-user-ID bit. */
    bool is_owner_kept = new.st_uid == old->st_uid && new.st_gid == old->st_gid;
    ws_check(state, is_owner_kept || !fchown(fd, old->st_uid, old->st_gid),
        WASMSTATE_NOT_REPLACEABLE);
    ws_check(state, !fchmod(fd, old->st_mode & 07777) && !fsync(fd), WASMSTATE_WRITE);
    ws_check(state, ws_is_there(file, old), WASMSTATE_CONFLICT);
    if (!state->error && renameat(file->folder, temporary, file->folder, file->name))
        ws_check(state, false, WASMSTATE_WRITE);
}

/* Go on with the file that is in place now. */
static void ws_adopt(wasmstate_file *file, int fd)
{
    wasmstate *state = &file->state;
    struct stat info = {0};
    bool is_synced = !fsync(file->folder);
    int error = errno;
    flock(fd, LOCK_UN);
    ws_close(file->fd);
    file->fd = fd;
    is_synced = !fstat(fd, &info) && is_synced;
    state->source = ws_file_source(fd, &info);
    ws_identify(&info, file->identity);
    ws_find(state, NULL);
    ws_read_header(state);
    errno = error;
    ws_check(state, is_synced, WASMSTATE_DURABILITY);
}

wasmstate_error wasmstate_file_commit(
    wasmstate_file *file, const wasmstate_instance *instance, uint64_t updates)
{
    char temporary[WS_LONGEST_NAME + 1 + sizeof WS_TEMPORARY] = ".";
    struct stat info;
    file->state.error = WASMSTATE_OK;
    strcat(strcat(temporary, file->name), WS_TEMPORARY);
    int locked = ws_lock(file, &info), fd = -1;
    if (!file->state.error) ws_check_same(file, locked, &info);
    if (!file->state.error) {
        ws_sweep(file, locked);
        fd = ws_create(file, temporary);
        ws_replace(file, temporary, fd, &info, instance, updates);
        if (!file->state.error) ws_adopt(file, fd);
        else if (fd >= 0) {
            int reason = errno;
            unlinkat(file->folder, temporary, 0);
            errno = reason;
            ws_close(fd);
        }
    }
    ws_close(locked);
    return file->state.error;
}
#endif /* WASMSTATE_IMPLEMENTATION */
