/* What classifiers by standardised features share: the running mean and variance of the features.
 *
 * With scale = 1 each row first moves mean and variance (Welford's recursion), and is then
 * standardised by them; with scale = 0 features are taken as they are. The kernel defines
 * MAX_FEATURES before.
 */
#pragma once

#include "kernel.h"

STATE uint32_t features;
STATE uint32_t scale;
STATE int64_t count;
STATE double mean[MAX_FEATURES];
STATE double m2[MAX_FEATURES];
static double scaled[MAX_FEATURES];
static double next_mean[MAX_FEATURES];
static double next_m2[MAX_FEATURES];

/* Standardises a row by a population variance; a feature that never changed becomes 0. */
static void standardise(const double *row, const double *center, const double *squares, double n) {
    for (uint32_t i = 0; i < features; i++) {
        if (scale == 0) scaled[i] = row[i];
        else if (squares[i] > 0.0) scaled[i] = (row[i] - center[i]) / sqrt(squares[i] / n);
        else scaled[i] = 0.0;
    }
}

/* Standardises a row by what is known before it. */
static void look_at(const double *row) {
    standardise(row, mean, m2, count > 0 ? (double)count : 1.0);
}

/* Standardises a row by what is known with it; keep_scale() keeps that. */
static void move_scale(const double *row) {
    const double n = (double)(count + 1);
    for (uint32_t i = 0; i < features; i++) {
        const double delta = row[i] - mean[i];
        next_mean[i] = mean[i] + delta / n;
        next_m2[i] = m2[i] + delta * (row[i] - next_mean[i]);
    }
    require(are_finite(next_mean, features) && are_finite(next_m2, features));
    standardise(row, next_mean, next_m2, n);
}

static void keep_scale(void) {
    for (uint32_t i = 0; i < features; i++) {
        mean[i] = next_mean[i];
        m2[i] = next_m2[i];
    }
    count++;
}
