/* What a runner needs of the schema: entry points, and bounds of tensors. docs/format.md, "Schema".
 *
 * The schema is canonical JSON, so a value is found by walking: no tree is made. It may be malformed all the
 * same, with a right checksum; a walk ends at the zero byte behind the text. */
#ifndef WASMSTATE_RUNNER_SCHEMA_H
#define WASMSTATE_RUNNER_SCHEMA_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct bounds {
    bool is_finite, low_is_open, high_is_open;
    double low, high;
} bounds;

typedef struct number_type {
    const char *name;
    unsigned size;
    char kind; /* i: signed, u: unsigned, f: floating */
} number_type;

static const number_type number_types[] = {
    {"i8", 1, 'i'}, {"u8", 1, 'u'}, {"i16", 2, 'i'}, {"u16", 2, 'u'}, {"i32", 4, 'i'}, {"u32", 4, 'u'},
    {"i64", 8, 'i'}, {"u64", 8, 'u'}, {"f32", 4, 'f'}, {"f64", 8, 'f'},
};

/* The end of the value at a place. */
static const char *json_skip(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"')
            while (*++at && *at != '"')
                if (*at == '\\' && at[1]) at++;
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        if (!*at) return at;
        at++;
    } while (depth > 0 || (*at && !strchr(",]}:", *at)));
    return at;
}

/* The value of a member of an object, or NULL. */
static const char *json_member(const char *object, const char *name)
{
    size_t size = strlen(name);
    if (!object || *object != '{') return NULL;
    for (const char *at = object + 1; *at == '"';) {
        const char *value = json_skip(at);
        bool is_it = (size_t)(value - at) == size + 2 && !memcmp(at + 1, name, size);
        if (*value != ':') return NULL;
        if (is_it) return value + 1;
        at = json_skip(value + 1);
        if (*at == ',') at++;
    }
    return NULL;
}

/* The first element of a list, or the one behind another; NULL behind the last. */
static const char *json_next(const char *list, const char *element)
{
    const char *at = element ? json_skip(element) : list;
    if (!at || *at != (element ? ',' : '[')) return NULL;
    return at[1] && at[1] != ']' ? at + 1 : NULL;
}

/* Copy a text without escapes; false for anything else. */
static bool json_text(const char *value, char *text, size_t room)
{
    if (!value || *value != '"') return false;
    size_t size = strcspn(++value, "\"\\");
    if (value[size] != '"' || size >= room) return false;
    memcpy(text, value, size);
    text[size] = 0;
    return true;
}

/* The type that a text begins with, and how many elements its shape has; NULL if it is none of these. */
static const number_type *parse_type(const char *text, uint32_t *count)
{
    uint64_t product = 1;
    for (size_t i = 0; i < sizeof number_types / sizeof *number_types; i++) {
        size_t size = strlen(number_types[i].name);
        if (strncmp(text, number_types[i].name, size) || (text[size] && text[size] != '[')) continue;
        for (char *at = (char *)text + size; *at && *at != ']';) {
            product *= strtoull(at + 1, &at, 10);
            if (product > UINT32_MAX || (*at != ',' && *at != ']')) return NULL;
        }
        *count = (uint32_t)product;
        return number_types + i;
    }
    return NULL;
}

/* The bounds in a list of texts; false for one that is not known here, such as psd. */
static bool parse_bounds(const char *list, bounds *found)
{
    char text[64];
    *found = (bounds){.low = -HUGE_VAL, .high = HUGE_VAL};
    for (const char *at = NULL; list && (at = json_next(list, at));) {
        if (!json_text(at, text, sizeof text)) return false;
        if (!strcmp(text, "finite")) {
            found->is_finite = true;
            continue;
        }
        bool is_open = text[1] != '=';
        double limit = strtod(text + 2 - is_open, NULL);
        if (text[0] == '>' && (limit > found->low || (limit == found->low && is_open))) {
            found->low = limit;
            found->low_is_open = is_open;
        } else if (text[0] == '<' && (limit < found->high || (limit == found->high && is_open))) {
            found->high = limit;
            found->high_is_open = is_open;
        } else if (text[0] != '<' && text[0] != '>')
            return false;
    }
    return true;
}

static bool holds(const bounds *limits, double value)
{
    if (limits->is_finite && !isfinite(value)) return false;
    if (isnan(value)) return isinf(limits->low) && isinf(limits->high);
    return (limits->low_is_open ? value > limits->low : value >= limits->low)
        && (limits->high_is_open ? value < limits->high : value <= limits->high);
}

/* A number as it lies in memory, little endian, on a little-endian processor. */
static double load_number(const number_type *type, const uint8_t *bytes)
{
    union { int64_t i; uint64_t u; float f; double d; } bits = {.u = 0};
    memcpy(&bits, bytes, type->size);
    if (type->kind == 'f') return type->size == 4 ? (double)bits.f : bits.d;
    if (type->kind == 'u') return (double)bits.u;
    unsigned free_bits = 64 - 8 * type->size;
    return (double)((int64_t)(bits.u << free_bits) >> free_bits);
}

/* Read a number from a word; NULL, or what is wrong with it. */
static const char *store_number(
    const number_type *type, const bounds *limits, char *word, uint8_t *bytes)
{
    char *end;
    union { int64_t i; uint64_t u; float f; double d; } bits = {.u = 0};
    if (type->kind == 'f') {
        double value = bits.d = strtod(word, &end);
        if (type->size == 4) {
            bits.f = (float)value;
            if (isinf(bits.f) && !isinf(value)) return "does not fit its type";
        }
    } else {
        unsigned bits_left = 64 - 8 * type->size;
        bool is_negative = *word == '-';
        uint64_t most = UINT64_MAX >> bits_left;
        bits.u = strtoull(word + is_negative, &end, 10);
        if (end - word - is_negative > 20 || word[is_negative] < '0' || word[is_negative] > '9')
            return "is no whole number";
        if (type->kind == 'i') most = (most >> 1) + is_negative;
        if (bits.u > most || (is_negative && type->kind == 'u' && bits.u)
            || (bits.u == UINT64_MAX && strcmp(word, "18446744073709551615")))
            return "does not fit its type";
        if (is_negative) bits.u = 0 - bits.u;
    }
    if (end == word || *end) return "is no number of its type";
    memcpy(bytes, &bits, type->size);
    return holds(limits, load_number(type, bytes)) ? NULL : "breaks its bounds";
}
#endif
