/* Symmetric systems of equations, by the Cholesky decomposition. */
#pragma once

#include "kernel.h"

/* Turns the lower half of a symmetric matrix A into L, with A = L L^T.
 *
 * A row that depends on those before it has nothing left but rounding errors on its diagonal. It
 * gets zeros, and its unknown will be 0: the equations are solved by the others.
 */
static inline void cholesky(double *a, uint32_t n) {
    for (uint32_t j = 0; j < n; j++) {
        double *row = a + j * n;
        const double pivot = row[j] - dot(row, row, j);
        const bool dependent = !(pivot > 0x1p-44 * row[j]);
        row[j] = dependent ? 0.0 : sqrt(pivot);
        for (uint32_t i = j + 1; i < n; i++) {
            double *below = a + i * n;
            below[j] = dependent ? 0.0 : (below[j] - dot(below, row, j)) / row[j];
        }
    }
}

/* Turns b into the x of L L^T x = b. */
static inline void solve(const double *l, double *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const double pivot = l[i * n + i];
        b[i] = pivot > 0.0 ? (b[i] - dot(l + i * n, b, i)) / pivot : 0.0;
    }
    for (uint32_t i = n; i-- > 0;) {
        const double pivot = l[i * n + i];
        for (uint32_t k = i + 1; k < n; k++) b[i] -= l[k * n + i] * b[k];
        b[i] = pivot > 0.0 ? b[i] / pivot : 0.0;
    }
}
