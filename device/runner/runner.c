/* Runs a model that remembers, on a small processor: wasm3 calls it, wasmstate_posix.h keeps S in its file.
 *
 *     runner MODEL [every-change | on-close] < LINES
 *
 * Each line is a function of the schema and its numbers, those of an array one behind the other:
 * `update 0.5 -1 2 3.0`. The answer is a line: the result, `-` for none, or `error` and why. A call that fails,
 * or leaves S outside its bounds, changes nothing. Not here: a deadline for calls, update_many, arguments in
 * buffers of the module's allocator, whole memories. */
#define WASMSTATE_IMPLEMENTATION
#include "wasmstate_posix.h"

#include "m3_env.h"
#include "schema.h"
#include "wasm3.h"

enum { FUNCTIONS = 16, PARAMS = 16, STACK = 64 * 1024 };

typedef struct param {
    const number_type *type;
    bounds limits;
    uint32_t count, address; /* of an array's buffer; 0 elements: a number */
    char name[64];
} param;

typedef struct function {
    char name[64];
    IM3Function code;
    unsigned count;
    uint32_t words, size; /* of all arguments, in numbers and bytes */
    param params[PARAMS];
} function;

typedef struct tensor {
    const number_type *type;
    bounds limits;
    uint32_t count, region, offset;
    char name[64];
} tensor;

static wasmstate_file file;
static char *schema;
static uint8_t *module, *last, *now, *arguments; /* `last` and `now`: S as payload */
static uint32_t module_size;
static wasmstate_region *regions;
static tensor *tensors;
static unsigned tensor_count, function_count;
static function functions[FUNCTIONS];
static IM3Environment environment;
static IM3Runtime runtime;
static IM3Module code;

static void give_up(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "runner: %s: %s\n", what, why);
    exit(1);
}

static void *room_for(size_t size)
{
    void *room = calloc(1, size ? size : 1);
    if (!room) give_up("memory", "none is left");
    return room;
}

static uint8_t *memory(void *context, uint32_t index, uint64_t *size)
{
    (void)context;
    uint32_t length = 0;
    uint8_t *bytes = index ? NULL : m3_GetMemory(runtime, &length, 0);
    *size = length;
    return bytes;
}

static int get_global(void *context, uint32_t index, uint8_t *bytes, uint32_t size)
{
    (void)context;
    if (index >= code->numGlobals || size > 8) return 1;
    memcpy(bytes, &code->globals[index].intValue, size);
    return 0;
}

static int set_global(void *context, uint32_t index, const uint8_t *bytes, uint32_t size)
{
    (void)context;
    if (index >= code->numGlobals || size > 8) return 1;
    memcpy(&code->globals[index].intValue, bytes, size);
    return 0;
}

static const wasmstate_instance instance = {NULL, memory, NULL, get_global, set_global};

static void check_file(wasmstate_error error)
{
    if (!error) return;
    char place[64];
    snprintf(place, sizeof place, "%s at byte %u", file.name, file.state.error_offset);
    give_up(place, wasmstate_words(error));
}

static void check_engine(M3Result result)
{
    if (result) give_up(file.name, result);
}

/* Start an instance, without S. */
static void start(void)
{
    if (runtime) m3_FreeRuntime(runtime);
    runtime = m3_NewRuntime(environment, STACK, NULL);
    if (!runtime) give_up("memory", "none is left");
    check_engine(m3_ParseModule(environment, &code, module, module_size));
    check_engine(m3_LoadModule(runtime, code));
    check_engine(m3_RunStart(code));
    IM3Function initialize;
    if (!m3_FindFunction(&initialize, runtime, "_initialize")) check_engine(m3_CallV(initialize));
    for (unsigned i = 0; i < function_count; i++)
        check_engine(m3_FindFunction(&functions[i].code, runtime, functions[i].name));
}

/* Copy S from the instance, or into it. */
static void copy_state(uint8_t *payload, bool is_restored)
{
    for (uint32_t i = 0; i < file.state.region_count; i++) {
        const wasmstate_region *region = regions + i;
        uint8_t *bytes = payload + region->payload_offset;
        uint64_t size;
        uint8_t *place = memory(NULL, region->index, &size) + region->address;
        if (region->kind == 1)
            (is_restored ? set_global(NULL, region->index, bytes, region->length)
                         : get_global(NULL, region->index, bytes, region->length));
        else
            memcpy(is_restored ? place : bytes, is_restored ? bytes : place, region->length);
    }
}

static void read_schema(void)
{
    wasmstate *state = &file.state;
    uint32_t at = state->offset + state->header_length + state->region_count * 40;
    schema = room_for((size_t)state->schema_length + 1);
    ws_read(state, at, schema, state->schema_length);
    module_size = state->source.size; /* a commit makes a larger file */
    module = room_for(module_size);
    ws_read(state, 0, module, module_size);
    regions = room_for(state->region_count * sizeof *regions);
    for (uint32_t i = 0; i < state->region_count; i++) {
        regions[i] = wasmstate_region_at(state, i);
        if (regions[i].kind > 1) give_up(file.name, "S is a whole memory: see docs/device.md");
        if (regions[i].kind == 1 && regions[i].length > 8) give_up(file.name, "S has a v128");
    }
    last = room_for(state->payload_length);
    now = room_for(state->payload_length);
    check_file(state->error);
}

/* A parameter; false for one that is not known here. */
static bool read_param(const char *text, param *found)
{
    char type[64], place[256];
    if (!json_text(json_member(text, "name"), found->name, sizeof found->name)
        || !json_text(json_member(text, "type"), type, sizeof type)
        || !parse_bounds(json_member(text, "bounds"), &found->limits))
        return false;
    found->type = parse_type(type, &found->count);
    if (!found->type) return false;
    if (!strchr(type, '[')) {
        found->count = 0;
        return true;
    }
    if (!json_text(json_member(text, "place"), place, sizeof place)) return false;
    found->address = (uint32_t)strtoul(place, NULL, 0);
    if (!strncmp(place, "sym:", 4)) {
        IM3Global symbol = m3_FindGlobal(code, place + 4);
        if (!symbol) return false;
        found->address = (uint32_t)symbol->intValue;
    }
    uint64_t size, end = (uint64_t)found->address + (uint64_t)found->count * found->type->size;
    if (!memory(NULL, 0, &size) || end > size) return false;
    for (uint32_t i = 0; i < file.state.region_count; i++)
        if (!regions[i].kind && found->address < regions[i].address + regions[i].length
            && regions[i].address < end)
            return false;
    return true;
}

static void read_functions(void)
{
    const char *entries = json_member(schema, "entry_points"), *value;
    uint32_t most = 1;
    for (const char *at = entries ? entries + 1 : ""; *at == '"'; at += *at == ',') {
        function *found = functions + function_count;
        value = json_skip(at);
        bool is_known = *value++ == ':' && json_text(at, found->name, sizeof found->name)
            && strcmp(found->name, "update_many") && function_count < FUNCTIONS;
        found->count = found->words = found->size = 0;
        for (const char *each = NULL; is_known && (each = json_next(json_member(value, "params"), each));) {
            param *here = found->params + found->count++;
            is_known = found->count < PARAMS && read_param(each, here);
            uint32_t numbers = is_known && here->count ? here->count : 1;
            found->words += numbers;
            found->size += numbers * 8;
        }
        is_known = is_known && !m3_FindFunction(&found->code, runtime, found->name)
            && m3_GetArgCount(found->code) == found->count && m3_GetRetCount(found->code) < 2;
        if (is_known && found->size > most) most = found->size;
        function_count += is_known;
        at = json_skip(value);
    }
    arguments = room_for(most);
}

static void read_tensors(void)
{
    const char *list = json_member(schema, "tensors"), *value;
    char type[8];
    for (const char *at = NULL; (at = json_next(list, at));) tensor_count++;
    tensors = room_for(tensor_count * sizeof *tensors);
    tensor *found = tensors;
    for (const char *at = NULL; (at = json_next(list, at)); found++) {
        uint64_t count = 1;
        if (!json_text(json_member(at, "name"), found->name, sizeof found->name)
            || !json_text(json_member(at, "dtype"), type, sizeof type))
            give_up(file.name, "a tensor's name or type is not known here");
        found->type = parse_type(type, &found->count);
        if (!parse_bounds(json_member(at, "bounds"), &found->limits) || (!found->type && json_member(at, "bounds")))
            give_up(found->name, "its bounds cannot be held here");
        for (value = NULL; (value = json_next(json_member(at, "shape"), value));)
            count *= strtoull(value, NULL, 10);
        value = json_member(at, "region");
        uint64_t region = value ? strtoull(value, NULL, 10) : UINT64_MAX;
        value = json_member(at, "offset");
        uint64_t offset = value ? strtoull(value, NULL, 10) : UINT64_MAX;
        uint64_t size = found->type ? found->type->size : 1;
        if (region >= file.state.region_count || offset > regions[region].length
            || count > (regions[region].length - offset) / size)
            give_up(found->name, "the tensor is not in its region");
        found->count = (uint32_t)count;
        found->region = (uint32_t)region;
        found->offset = (uint32_t)offset;
    }
}

/* The tensor that breaks its bounds, or NULL. */
static const char *broken(const uint8_t *payload)
{
    for (const tensor *each = tensors; each < tensors + tensor_count; each++) {
        const bounds *limits = &each->limits;
        if (!limits->is_finite && isinf(limits->low) && isinf(limits->high)) continue;
        const uint8_t *bytes = payload + regions[each->region].payload_offset + each->offset;
        for (uint32_t i = 0; i < each->count; i++)
            if (!holds(limits, load_number(each->type, bytes + (size_t)i * each->type->size)))
                return each->name;
    }
    return NULL;
}

/* Take S back: a call may have left anything in memory. */
static void take_back(void)
{
    start();
    copy_state(last, true);
}

/* Read all arguments before the first byte is written to memory; false, and an answer, if one is wrong. */
static bool read_arguments(function *called, char *words)
{
    uint8_t *to = arguments;
    char *word = words;
    for (unsigned i = 0; i < called->count; i++) {
        param *each = called->params + i;
        for (uint32_t j = 0; j < (each->count ? each->count : 1); j++, to += each->type->size) {
            char *next = word + strcspn(word, " \t\n");
            if (next == word) {
                printf("error %s takes %u numbers\n", called->name, called->words);
                return false;
            }
            if (*next) *next++ = 0;
            const char *wrong = store_number(each->type, &each->limits, word, to);
            if (wrong) {
                printf("error argument %s: %s %s\n", each->name, word, wrong);
                return false;
            }
            word = next + strspn(next, " \t\n");
        }
        to += -(to - arguments) & 7; /* the engine reads aligned numbers */
    }
    if (!*word) return true;
    printf("error %s takes %u numbers\n", called->name, called->words);
    return false;
}

static M3Result run(function *called)
{
    const void *pointers[PARAMS];
    uint64_t size;
    uint8_t *from = arguments, *bytes = memory(NULL, 0, &size);
    for (unsigned i = 0; i < called->count; i++) {
        param *each = called->params + i;
        uint32_t length = each->type->size * (each->count ? each->count : 1);
        pointers[i] = each->count ? (void *)&each->address : from;
        if (each->count) memcpy(bytes + each->address, from, length);
        from += (length + 7) & ~7u;
    }
    return m3_Call(called->code, called->count, pointers);
}

static void print_result(function *called)
{
    union { int32_t i; int64_t l; float f; double d; } value = {.l = 0};
    const void *place[] = {&value};
    if (!m3_GetRetCount(called->code)) {
        puts("-");
        return;
    }
    m3_GetResults(called->code, 1, place);
    switch (m3_GetRetType(called->code, 0)) {
    case c_m3Type_i32: printf("%ld\n", (long)value.i); break;
    case c_m3Type_i64: printf("%lld\n", (long long)value.l); break;
    case c_m3Type_f32: printf("%.9g\n", (double)value.f); break;
    default: printf("%.17g\n", value.d);
    }
}

/* Call, and give 1 if S has changed, 0 if not, -1 if the call failed. */
static int call(function *called, char *words)
{
    if (!read_arguments(called, words)) return -1;
    M3Result trap = run(called);
    const char *wrong = NULL;
    bool changed = false;
    if (!trap) {
        copy_state(now, false);
        changed = memcmp(now, last, file.state.payload_length) != 0;
        wrong = changed ? broken(now) : NULL;
    }
    if (trap || wrong) {
        printf("error %s %s\n", trap ? trap : wrong, trap ? "" : "breaks its bounds");
        take_back();
        return -1;
    }
    uint8_t *before = last;
    last = now;
    now = before;
    print_result(called);
    return changed;
}

int main(int argc, char **argv)
{
    static char line[1 << 16];
    bool is_on_close = argc == 3 && !strcmp(argv[2], "on-close"), failed = false, is_dirty = false;
    uint64_t updates = 0;
    if (argc < 2 || argc > 3 || (argc == 3 && !is_on_close && strcmp(argv[2], "every-change")))
        give_up("usage", "runner MODEL [every-change | on-close] < LINES");
    check_file(wasmstate_file_open(&file, argv[1]));
    read_schema();
    environment = m3_NewEnvironment();
    start();
    check_file(wasmstate_restore(&file.state, &instance));
    read_functions();
    read_tensors();
    copy_state(last, false);
    while (fgets(line, sizeof line, stdin)) {
        char *words = line + strcspn(line, " \t\n");
        if (*words) *words++ = 0;
        words += strspn(words, " \t\n");
        function *called = functions;
        while (called < functions + function_count && strcmp(called->name, line)) called++;
        int changed = -1;
        if (called == functions + function_count) printf("error no function %s that can be called here\n", line);
        else changed = call(called, words);
        updates += changed >= 0 && !strcmp(line, "update");
        is_dirty |= changed > 0;
        failed |= changed < 0;
        if (is_on_close) continue;
        if (is_dirty) {
            check_file(wasmstate_file_commit(&file, &instance, updates));
            is_dirty = false;
            updates = 0;
        }
        fflush(stdout);
    }
    if (is_dirty) check_file(wasmstate_file_commit(&file, &instance, updates));
    wasmstate_file_close(&file);
    return failed;
}
