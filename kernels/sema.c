/* A multilevel model, one row at a time: y = x w + z b + noise, with an effect b of each unit.
 *
 * SEMA, streaming expectation maximisation: each row moves what its unit adds to the expected sums,
 * and with them the weights, the covariance of the effects and the variance of the noise. No row is kept,
 * only sums of products for each unit; sweep() looks at all units again, and called again and again
 * leads to the maximum of the likelihood.
 *
 * Source: L. Ippel, M. C. Kaptein, J. K. Vermunt, "Estimating Multilevel Models on Data Streams"
 * (2019).
 */
#include "linear_algebra.h"

#define MAX_FIXED 8
#define MAX_RANDOM 4
#define MAX_UNITS 256
#define MAX_XX 1024 /* Units times fixed times fixed. */
#define MAX_ZZ 512  /* Units times random times random. */
#define MAX_ZX 768  /* Units times random times fixed. */
#define MAX_X 512   /* Units times fixed. */
#define MAX_Z 512   /* Units times random. */
#define X_SIZE 512
#define Z_SIZE 512
#define MAX_ROWS 256

STATE uint32_t fixed;  /* Columns of x. */
STATE uint32_t random; /* Columns of z. */
STATE uint32_t units;
STATE int64_t warmup; /* How many rows leave the parameters as they were. */
STATE int64_t count;
STATE double weights[MAX_FIXED];
STATE double covariance[MAX_RANDOM * MAX_RANDOM]; /* Of the effects of units. */
STATE double noise;
/* The sums over all rows, and the expected ones over all units. */
STATE double xx[MAX_FIXED * MAX_FIXED];
STATE double xy[MAX_FIXED];
STATE double t1[MAX_FIXED];
STATE double t2[MAX_RANDOM * MAX_RANDOM];
STATE double t3;
/* The same of each unit. */
STATE int64_t unit_count[MAX_UNITS];
STATE double unit_yy[MAX_UNITS];
STATE double unit_xx[MAX_XX];
STATE double unit_zz[MAX_ZZ];
STATE double unit_zx[MAX_ZX];
STATE double unit_xy[MAX_X];
STATE double unit_zy[MAX_Z];
STATE double unit_t1[MAX_X];
STATE double unit_t2[MAX_ZZ];
STATE double unit_t3[MAX_UNITS];
BUFFER double x[X_SIZE];
BUFFER double z[Z_SIZE];
BUFFER uint32_t unit[MAX_ROWS];
BUFFER double y[MAX_ROWS];

static double root[MAX_RANDOM * MAX_RANDOM]; /* L, with covariance = L L^T. */
static double inner[MAX_RANDOM * MAX_RANDOM];
static double column[MAX_RANDOM];
static double spread[MAX_RANDOM * MAX_RANDOM]; /* C, the covariance of an effect over the noise. */
static double effect[MAX_RANDOM];
static double new_t1[MAX_FIXED], new_t2[MAX_RANDOM * MAX_RANDOM], new_t3;
static double normal_matrix[MAX_FIXED * MAX_FIXED], new_weights[MAX_FIXED];
static double saved[288];

static bool is_ready(void) {
    return is_size(fixed, MAX_FIXED) && is_size(random, MAX_RANDOM) && is_size(units, MAX_UNITS)
        && units * fixed * fixed <= MAX_XX && units * random * random <= MAX_ZZ
        && units * random * fixed <= MAX_ZX && units * fixed <= MAX_X && units * random <= MAX_Z
        && noise > 0.0;
}

/* C = (Z^T Z + noise covariance^-1)^-1 = L (L^T Z^T Z L + noise I)^-1 L^T, which needs no inverse of
 * a covariance that may have none; and the expected effect C (Z^T y - Z^T X w). */
static void expect_effect(uint32_t which) {
    const uint32_t p = fixed, q = random;
    const double *zz = unit_zz + which * q * q, *zx = unit_zx + which * q * p;
    for (uint32_t i = 0; i < q * q; i++) root[i] = covariance[i];
    cholesky(root, q);
    for (uint32_t i = 0; i < q; i++)
        for (uint32_t k = i + 1; k < q; k++) root[i * q + k] = 0.0;
    for (uint32_t i = 0; i < q; i++)
        for (uint32_t k = 0; k < q; k++) {
            double sum = i == k ? noise : 0.0;
            for (uint32_t a = 0; a < q; a++)
                for (uint32_t c = 0; c < q; c++)
                    sum += root[a * q + i] * zz[a * q + c] * root[c * q + k];
            inner[i * q + k] = sum;
        }
    cholesky(inner, q);
    for (uint32_t k = 0; k < q; k++) {
        for (uint32_t i = 0; i < q; i++) column[i] = root[k * q + i];
        solve(inner, column, q);
        for (uint32_t i = 0; i < q; i++) spread[i * q + k] = dot(root + i * q, column, q);
    }
    for (uint32_t i = 0; i < q; i++)
        column[i] = unit_zy[which * q + i] - dot(zx + i * p, weights, p);
    for (uint32_t i = 0; i < q; i++) effect[i] = dot(spread + i * q, column, q);
}

/* What the unit adds to the expected sums, in new_t1 to new_t3. */
static void expect_sums(uint32_t which) {
    const uint32_t p = fixed, q = random;
    const double *zz = unit_zz + which * q * q, *zx = unit_zx + which * q * p;
    const double *products = unit_xx + which * p * p;
    expect_effect(which);
    for (uint32_t i = 0; i < p; i++) {
        new_t1[i] = 0.0;
        for (uint32_t a = 0; a < q; a++) new_t1[i] += zx[a * p + i] * effect[a];
    }
    for (uint32_t i = 0; i < q; i++)
        for (uint32_t k = 0; k < q; k++)
            new_t2[i * q + k] = effect[i] * effect[k] + noise * spread[i * q + k];
    /* The expected sum of (y - x w - z b)^2. */
    double sum = unit_yy[which] - 2.0 * dot(weights, unit_xy + which * p, p)
        - 2.0 * dot(effect, unit_zy + which * q, q);
    for (uint32_t i = 0; i < p; i++) sum += weights[i] * dot(products + i * p, weights, p);
    for (uint32_t i = 0; i < q; i++) {
        sum += 2.0 * effect[i] * dot(zx + i * p, weights, p);
        sum += effect[i] * dot(zz + i * q, effect, q);
        sum += noise * dot(zz + i * q, spread + i * q, q);
    }
    new_t3 = sum;
}

/* The parameters that fit the expected sums best. */
static void maximise(void) {
    const uint32_t p = fixed, q = random;
    int64_t seen = 0;
    for (uint32_t each = 0; each < units; each++) seen += unit_count[each] > 0;
    for (uint32_t i = 0; i < p * p; i++) normal_matrix[i] = xx[i];
    for (uint32_t i = 0; i < p; i++) new_weights[i] = xy[i] - t1[i];
    cholesky(normal_matrix, p);
    solve(normal_matrix, new_weights, p);
    for (uint32_t i = 0; i < p; i++) weights[i] = new_weights[i];
    for (uint32_t i = 0; i < q * q; i++) covariance[i] = t2[i] / (double)seen;
    if (t3 > 0.0) noise = t3 / (double)count;
}

/* Adds a row to the sums of its unit, and of all. */
static void add(const double *row, const double *effects, uint32_t which, double target) {
    const uint32_t p = fixed, q = random;
    for (uint32_t i = 0; i < p; i++) {
        for (uint32_t k = 0; k < p; k++) {
            xx[i * p + k] += row[i] * row[k];
            unit_xx[(which * p + i) * p + k] += row[i] * row[k];
        }
        xy[i] += row[i] * target;
        unit_xy[which * p + i] += row[i] * target;
    }
    for (uint32_t a = 0; a < q; a++) {
        for (uint32_t c = 0; c < q; c++) unit_zz[(which * q + a) * q + c] += effects[a] * effects[c];
        for (uint32_t i = 0; i < p; i++) unit_zx[(which * q + a) * p + i] += effects[a] * row[i];
        unit_zy[which * q + a] += effects[a] * target;
    }
    unit_yy[which] += target * target;
}

/* Puts the unit's expected sums in the place of those that it had. */
static void replace_sums(uint32_t which) {
    const uint32_t p = fixed, q = random;
    for (uint32_t i = 0; i < p; i++) {
        t1[i] += new_t1[i] - unit_t1[which * p + i];
        unit_t1[which * p + i] = new_t1[i];
    }
    for (uint32_t i = 0; i < q * q; i++) {
        t2[i] += new_t2[i] - unit_t2[which * q * q + i];
        unit_t2[which * q * q + i] = new_t2[i];
    }
    t3 += new_t3 - unit_t3[which];
    unit_t3[which] = new_t3;
}

/* What to do with each tensor that a row may change. */
enum visit { SAVE, CHECK, RESTORE };

static uint32_t cursor; /* In what is saved. */

static bool visit(enum visit what, double *tensor, uint32_t n) {
    for (uint32_t i = 0; i < n; i++, cursor++) {
        if (what == SAVE) saved[cursor] = tensor[i];
        else if (what == RESTORE) tensor[i] = saved[cursor];
        else if (!is_finite(tensor[i])) return false;
    }
    return true;
}

static bool visit_all(enum visit what, uint32_t which) {
    const uint32_t p = fixed, q = random;
    cursor = 0;
    return visit(what, weights, p) && visit(what, covariance, q * q) && visit(what, &noise, 1)
        && visit(what, xx, p * p) && visit(what, xy, p)
        && visit(what, t1, p) && visit(what, t2, q * q) && visit(what, &t3, 1)
        && visit(what, unit_yy + which, 1) && visit(what, unit_xx + which * p * p, p * p)
        && visit(what, unit_zz + which * q * q, q * q)
        && visit(what, unit_zx + which * q * p, q * p)
        && visit(what, unit_xy + which * p, p) && visit(what, unit_zy + which * q, q)
        && visit(what, unit_t1 + which * p, p) && visit(what, unit_t2 + which * q * q, q * q)
        && visit(what, unit_t3 + which, 1);
}

static bool is_row(const double *row, const double *effects, uint32_t which, double target) {
    return which < units && can_count(unit_count[which], 1) && is_number(target)
        && are_numbers(row, fixed) && are_numbers(effects, random);
}

static void learn(const double *row, const double *effects, uint32_t which, double target) {
    visit_all(SAVE, which);
    count++;
    unit_count[which]++;
    add(row, effects, which, target);
    expect_sums(which);
    replace_sums(which);
    if (count > warmup) maximise();
    if (visit_all(CHECK, which)) return;
    visit_all(RESTORE, which);
    count--;
    unit_count[which]--;
    __builtin_trap();
}

/* The y that the model expects for x and z of a unit; of one without rows, by x alone. */
EXPORT(predict)
double predict(const double *row, const double *effects, uint32_t which) {
    require(is_ready() && which < units && are_numbers(row, fixed) && are_numbers(effects, random));
    expect_effect(which);
    const double prediction = dot(weights, row, fixed) + dot(effect, effects, random);
    require(is_finite(prediction));
    return prediction;
}

/* The effect that is expected of a unit, for a column of z. */
EXPORT(unit_effect)
double unit_effect(uint32_t which, uint32_t index) {
    require(is_ready() && which < units && index < random);
    expect_effect(which);
    return effect[index];
}

/* Learns that x and z of a unit have y. Traps, with the state as it was, if there is no such unit or
 * the state would not stay finite. */
EXPORT(update)
void update(const double *row, const double *effects, uint32_t which, double target) {
    require(is_ready() && can_count(count, 1) && is_row(row, effects, which, target));
    learn(row, effects, which, target);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or unit; with what the
 * rows before have taught if the sums grow too large. */
EXPORT(update_many)
void update_many(const double *rows, const double *effects, const uint32_t *which,
                 const double *targets, uint32_t n) {
    require(is_ready() && can_count(count, n) && n <= MAX_ROWS);
    require(n <= X_SIZE / fixed && n <= Z_SIZE / random);
    for (uint32_t i = 0; i < n; i++)
        require(is_row(rows + i * fixed, effects + i * random, which[i], targets[i]));
    for (uint32_t i = 0; i < n; i++)
        learn(rows + i * fixed, effects + i * random, which[i], targets[i]);
}

/* Looks at all units again with the parameters as they are now, and moves these: one step of
 * expectation maximisation over all rows so far. */
EXPORT(sweep)
void sweep(void) {
    require(is_ready() && count > 0);
    for (uint32_t each = 0; each < units; each++) {
        if (unit_count[each] <= 0) continue;
        expect_sums(each);
        replace_sums(each);
    }
    maximise();
}
