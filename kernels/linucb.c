/* LinUCB with disjoint models: the arm whose reward, linear in x, could still be the largest.
 *
 * Each arm keeps sums, not their inverse: the sums of devices add up. The equations are solved when
 * somebody asks.
 *
 * Source: L. Li, W. Chu, J. Langford, R. E. Schapire, "A Contextual-Bandit Approach to Personalized
 * News Article Recommendation" (2010), "Algorithm 1".
 */
#include "linear_algebra.h"

#define MAX_ARMS 256
#define MAX_FEATURES 24
#define MAX_VECTORS 512 /* Arms times features. */
#define MAX_CELLS 4096 /* Arms times features times features. */
#define X_SIZE 512
#define MAX_ROWS 256
#define MAX_DECISIONS 256
#define MAX_CONTEXTS 1024 /* Decisions times features. */

STATE uint32_t arms;
STATE uint32_t features;
STATE int64_t count;
STATE double alpha; /* How much the width of the confidence interval counts. */
STATE double l2;
STATE int64_t pulls[MAX_ARMS];
STATE double xy[MAX_VECTORS];
STATE double xx[MAX_CELLS];
BUFFER double x[X_SIZE];
BUFFER uint32_t arm[MAX_ROWS];
BUFFER double paid[MAX_ROWS];

#include "decisions.h"

STATE double decision_x[MAX_CONTEXTS];
static double matrix[MAX_FEATURES * MAX_FEATURES];
static double weights[MAX_FEATURES];
static double half[MAX_FEATURES];

static bool is_ready(void) {
    return is_size(arms, MAX_ARMS) && is_size(features, MAX_FEATURES)
        && arms * features <= MAX_VECTORS && arms * features * features <= MAX_CELLS
        && decisions <= MAX_DECISIONS && decisions * features <= MAX_CONTEXTS;
}

static void load(uint32_t which) {
    for (uint32_t i = 0; i < features * features; i++)
        matrix[i] = xx[which * features * features + i];
    for (uint32_t i = 0; i < features; i++) matrix[i * features + i] += l2;
}

/* Adds the decisions for an arm that wait for their reward: they narrow its interval already. Gives
 * whether there are any. */
static bool load_waiting(uint32_t which) {
    bool is_any = false;
    for (uint32_t place = 0; place < decisions; place++) {
        if (!is_waiting(place) || decision_arm[place] != which) continue;
        if (!is_any) load(which);
        is_any = true;
        const double *row = decision_x + place * features;
        for (uint32_t i = 0; i < features; i++)
            for (uint32_t k = 0; k < features; k++) matrix[i * features + k] += row[i] * row[k];
    }
    return is_any;
}

static double expected(const double *row, uint32_t which) {
    load(which);
    for (uint32_t i = 0; i < features; i++) weights[i] = xy[which * features + i];
    cholesky(matrix, features);
    solve(matrix, weights, features);
    return dot(weights, row, features);
}

/* The square root of x^T A^-1 x, after expected() has decomposed A. */
static double width(const double *row) {
    for (uint32_t i = 0; i < features; i++) {
        const double *line = matrix + i * features;
        half[i] = line[i] > 0.0 ? (row[i] - dot(line, half, i)) / line[i] : 0.0;
    }
    return sqrt(dot(half, half, features));
}

static double bound_of(const double *row, uint32_t which) {
    const double reward = expected(row, which);
    if (load_waiting(which)) cholesky(matrix, features);
    return reward + alpha * width(row);
}

static void learn(const double *row, uint32_t which, double paid) {
    double *products = xx + which * features * features, *sums = xy + which * features;
    require(can_count(pulls[which], 1));
    for (uint32_t i = 0; i < features; i++) {
        /* No product is larger than the square of the larger factor: the diagonal tells. */
        require(is_finite(products[i * features + i] + row[i] * row[i]));
        require(is_finite(sums[i] + row[i] * paid));
    }
    for (uint32_t i = 0; i < features; i++) {
        for (uint32_t k = 0; k < features; k++) products[i * features + k] += row[i] * row[k];
        sums[i] += row[i] * paid;
    }
    pulls[which]++;
    count++;
}

/* The arm to pull; of equal ones the first. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    uint32_t best = 0;
    double largest = -__builtin_inf();
    for (uint32_t each = 0; each < arms; each++) {
        const double bound = bound_of(row, each);
        if (bound > largest) {
            best = each;
            largest = bound;
        }
    }
    return best;
}

/* The same: nothing is drawn. */
EXPORT(act)
uint32_t act(const double *row) {
    return predict(row);
}

/* Chooses as predict() does, keeps the decision with its x, and gives its id. */
EXPORT(decide)
int64_t decide(const double *row) {
    require(is_ring());
    const uint32_t which = predict(row), place = place_of(decided);
    const int64_t id = keep(which);
    for (uint32_t i = 0; i < features; i++) decision_x[place * features + i] = row[i];
    return id;
}

static bool is_reward(double paid) {
    return is_number(paid);
}

static void learn_later(uint32_t place, double paid) {
    require(is_ready() && can_count(count, 1));
    learn(decision_x + place * features, decision_arm[place], paid);
}

/* The reward that is expected of an arm. Traps if there is no such arm. */
EXPORT(estimate)
double estimate(const double *row, uint32_t which) {
    require(is_ready() && which < arms && are_numbers(row, features));
    return expected(row, which);
}

/* The upper confidence bound of an arm's reward. Traps if there is no such arm. */
EXPORT(bound)
double bound(const double *row, uint32_t which) {
    require(is_ready() && which < arms && are_numbers(row, features));
    return bound_of(row, which);
}

/* Learns what the arm paid for x. Traps, with the state as it was, if there is no such arm or the
 * sums would not stay finite. */
EXPORT(update)
void update(const double *row, uint32_t which, double paid) {
    require(is_ready() && which < arms && can_count(count, 1));
    require(are_numbers(row, features) && is_number(paid));
    learn(row, which, paid);
}

/* The same for many rows. Traps, with the state as it was, on a bad number or arm. */
EXPORT(update_many)
void update_many(const double *rows, const uint32_t *which, const double *rewarded, uint32_t n) {
    require(is_ready() && n <= X_SIZE / features && n <= MAX_ROWS && can_count(count, n));
    require(are_numbers(rows, n * features) && are_numbers(rewarded, n));
    for (uint32_t row = 0; row < n; row++) require(which[row] < arms);
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features, which[row], rewarded[row]);
}
