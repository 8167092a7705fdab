/* What all kernels share: exports, state, a little mathematics, random numbers.
 *
 * There is no libc. Everything is computed here, so that one state and one input give the same
 * bits under every WebAssembly runtime. No function keeps arrays on the stack: it has 1 KiB.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Exports a function. */
#define EXPORT(name) __attribute__((export_name(#name)))

/* Declares a tensor of the state S; its address is exported under its name.
 *
 * A section of their own keeps the tensors in the order of the source; as its name starts with
 * .bss, its zeros take no room in the file. All values come from the state section. A symbol
 * visible from outside is never folded into the code as a constant, even if no function writes it.
 *
 * Arrays are declared as large as they can get. A model uses the first elements, row after row with
 * no gap: a matrix of d columns has the stride d, whatever the largest d is.
 */
#define STATE __attribute__((section(".bss.state"), visibility("default")))

/* Declares a buffer that the runtime fills with an array argument; its address is exported. */
#define BUFFER __attribute__((section(".bss.buffer"), visibility("default")))

/* Traps unless the condition holds. */
static inline void require(bool condition) {
    if (!condition) __builtin_trap();
}

/* Whether x is neither infinite nor NaN. */
static inline bool is_finite(double x) {
    return x - x == 0.0;
}

/* Whether all n numbers are. */
static inline bool are_finite(const double *x, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!is_finite(x[i])) return false;
    return true;
}

/* The largest number of a row or a reward. Its square, and sums of squares of rows, are finite: one
 * absurd reading does not leave a state in which the squares of ordinary ones are not. */
#define LARGEST 1e50

/* Whether x is a number that rows and rewards may have; NaN is none. */
static inline bool is_number(double x) {
    return __builtin_fabs(x) <= LARGEST;
}

/* Whether all n are. */
static inline bool are_numbers(const double *x, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!is_number(x[i])) return false;
    return true;
}

/* Whether a dimension that the state gives is one that the kernel has room for. */
static inline bool is_size(uint32_t size, uint32_t max) {
    return size - 1 < max; /* 0 becomes the largest number of all. */
}

/* Whether a counter has room for so many more. */
static inline bool can_count(int64_t count, uint32_t more) {
    return count >= 0 && count <= INT64_MAX - more;
}

/* The sum of products, from left to right. */
static inline double dot(const double *a, const double *b, uint32_t n) {
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* ---- Mathematics ---- */

/* The high part of ln 2 has zeros at its end: k * LN2_HIGH is exact for every exponent k. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

static inline double sqrt(double x) {
    return __builtin_sqrt(x); /* An instruction of WebAssembly, correctly rounded. */
}

/* 2 to the power of k, for -1022 <= k <= 1023. */
static inline double power_of_two(int k) {
    const union { uint64_t bits; double value; } power = {(uint64_t)(k + 1023) << 52};
    return power.value;
}

/* e to the power of x. NaN gives NaN.
 *
 * exp(x) = 2^k exp(r) with |r| <= ln(2)/2; exp(r) by its Taylor series, whose 14th term is < 2^-57.
 *
 * Source of the reduction: Sun Microsystems, FDLIBM, e_exp.c (1993).
 */
static inline double exp(double x) {
    if (x > 709.8) return __builtin_inf();
    if (x < -745.2) return 0.0;
    if (x != x) return x;
    const int k = (int)(x / (LN2_HIGH + LN2_LOW) + (x < 0.0 ? -0.5 : 0.5));
    const double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double series = 1.0;
    for (int n = 13; n > 0; n--) series = 1.0 + r * series / n;
    /* In two steps, for 2^k alone may be too large or too small for a double. */
    return series * power_of_two(k / 2) * power_of_two(k - k / 2);
}

/* The natural logarithm of a positive, finite, normal x.
 *
 * x = 2^k (1 + f) with 1 + f between 1/sqrt(2) and sqrt(2). With s = f/(2 + f),
 * ln(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + 2 (s^2/3 + s^4/5 + ...)).
 *
 * Source of the reduction: Sun Microsystems, FDLIBM, e_log.c (1993).
 */
static inline double log(double x) {
    union { double value; uint64_t bits; } mantissa = {x};
    int k = (int)(mantissa.bits >> 52) - 1023;
    mantissa.bits = (mantissa.bits & 0x000fffffffffffff) | 0x3ff0000000000000;
    if (mantissa.value > 0x1.6a09e667f3bcdp+0) { /* sqrt(2) */
        mantissa.value *= 0.5;
        k++;
    }
    const double f = mantissa.value - 1.0;
    const double s = f / (2.0 + f);
    double series = 0.0;
    for (int n = 21; n > 1; n -= 2) series = s * s * (2.0 / n + series);
    const double half = 0.5 * f * f;
    return k * LN2_HIGH - ((half - (s * (half + series) + k * LN2_LOW)) - f);
}

/* 1 / (1 + e^-x): the probability that has the log odds x. */
static inline double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* ---- Random numbers ---- */

/* The generator lives in the state as uint64_t[2]; both zero is the one value it must not have. */

static inline uint64_t rotate_left(uint64_t x, int bits) {
    return x << bits | x >> (64 - bits);
}

/* 64 random bits, by xoroshiro128**.
 *
 * Source: D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators" (2018).
 */
static inline uint64_t next(uint64_t rng[2]) {
    const uint64_t first = rng[0];
    const uint64_t mixed = rng[0] ^ rng[1];
    rng[0] = rotate_left(first, 24) ^ mixed ^ mixed << 16;
    rng[1] = rotate_left(mixed, 37);
    return rotate_left(first * 5, 7) * 9;
}

/* Whether it is a state that the generator can be in. */
static inline bool is_generator(const uint64_t rng[2]) {
    return (rng[0] | rng[1]) != 0;
}

/* Seeds a generator with the next two numbers of another.
 *
 * A choice draws a varying count of numbers. From a generator of its own it draws numbers that no
 * other choice draws, if the first generator has moved on by two.
 */
static inline void branch(uint64_t rng[2], uint64_t own[2]) {
    own[0] = next(rng);
    own[1] = next(rng);
    if (!is_generator(own)) own[0] = 1;
}

/* Moves the generator on, so that the next choice is another one. */
static inline void move_on(uint64_t rng[2]) {
    next(rng);
    next(rng);
}

/* Uniform in (0, 1): the middles of 2^52 equal parts, so never 0 and never 1. */
static inline double uniform(uint64_t rng[2]) {
    return ((double)(next(rng) >> 12) + 0.5) * 0x1p-52;
}

/* Uniform in 0, 1, ..., n - 1. */
static inline uint32_t below(uint64_t rng[2], uint32_t n) {
    return (uint32_t)(uniform(rng) * n);
}

/* Standard normal. The method makes two; the second is dropped, for keeping it would be state.
 *
 * Source: G. Marsaglia, T. A. Bray, "A Convenient Method for Generating Normal Variables" (1964).
 */
static inline double normal(uint64_t rng[2]) {
    double u, square;
    do {
        u = 2.0 * uniform(rng) - 1.0;
        const double v = 2.0 * uniform(rng) - 1.0;
        square = u * u + v * v;
    } while (square >= 1.0 || square == 0.0);
    return u * sqrt(-2.0 * log(square) / square);
}

/* Gamma with scale 1. Traps if the shape is not positive and finite: rejection would never end.
 *
 * Source: G. Marsaglia, W. W. Tsang, "A Simple Method for Generating Gamma Variables" (2000),
 * without its squeeze, which only saves time; for a shape below 1, gamma(a) = gamma(a + 1) U^(1/a).
 */
static inline double gamma(uint64_t rng[2], double shape) {
    require(shape > 0.0 && is_finite(shape));
    const double scale = shape < 1.0 ? exp(log(uniform(rng)) / shape) : 1.0;
    const double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = normal(rng);
        const double root = 1.0 + c * x;
        if (root <= 0.0) continue;
        const double v = root * root * root;
        const double u = uniform(rng);
        if (log(u) < 0.5 * x * x + d * (1.0 - v + log(v))) return scale * d * v;
    }
}

/* Beta: the share of one gamma in the sum of two. Where both are too small for a double, beta is all
 * but certainly 0 or 1.
 *
 * Source: L. Devroye, "Non-Uniform Random Variate Generation" (1986), "The beta density".
 */
static inline double beta(uint64_t rng[2], double a, double b) {
    const double first = gamma(rng, a);
    const double sum = first + gamma(rng, b);
    if (sum > 0.0) return first / sum;
    return uniform(rng) < a / (a + b) ? 1.0 : 0.0;
}
