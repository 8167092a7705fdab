/* Half-space trees: how unusual is a row, by how many rows of the last window were near it?
 *
 * Each tree halves the space, a feature drawn for each node, the middle of what its range is there.
 * A node counts the rows of this window that went through it, and keeps the counts of the last one.
 *
 * Source: S. C. Tan, K. M. Ting, F. T. Liu, "Fast Anomaly Detection for Streaming Data" (2011).
 */
#include "kernel.h"

#define MAX_FEATURES 256
#define MAX_TREES 64
#define MAX_HEIGHT 11
#define MAX_WINDOW 6400
#define MAX_NODES 6350 /* Trees times nodes. */
#define MAX_SHIFTS 1024 /* Trees times features. */
#define X_SIZE 1024
#define MAX_ROWS 1024

STATE uint32_t trees;
STATE uint32_t height;
STATE uint32_t window; /* Rows. */
STATE uint32_t features;
STATE int64_t count;
STATE int64_t windows; /* That are over. */
STATE uint32_t row_of_window;
STATE double low[MAX_FEATURES]; /* The usual range of each feature. */
STATE double high[MAX_FEATURES];
STATE double shifts[MAX_SHIFTS]; /* Where the range of each feature lies in each tree, from 0 to 1. */
STATE uint8_t split[MAX_NODES]; /* The feature of each node. */
STATE uint16_t mass[MAX_NODES]; /* Rows of the last window. */
STATE uint16_t latest[MAX_NODES]; /* Rows of this window. */
BUFFER double x[X_SIZE];
static double least[MAX_FEATURES]; /* The range at the node. */
static double most[MAX_FEATURES];

static bool is_ready(void) {
    return is_size(trees, MAX_TREES) && is_size(height, MAX_HEIGHT) && is_size(window, MAX_WINDOW)
        && is_size(features, MAX_FEATURES) && trees * ((2u << height) - 1) <= MAX_NODES
        && trees * features <= MAX_SHIFTS;
}

/* Sets the range to that of a whole tree: twice that of the data, which lies in it by the shift. */
static void begin(uint32_t tree) {
    for (uint32_t i = 0; i < features; i++) {
        const double shift = shifts[tree * features + i];
        const double reach = 2.0 * (shift > 0.5 ? shift : 1.0 - shift);
        const double size = high[i] - low[i];
        least[i] = low[i] + (shift - reach) * size;
        most[i] = low[i] + (shift + reach) * size;
    }
}

/* The child of a node that the row goes to; nodes count from 0, level after level. */
static uint32_t child(const double *row, uint32_t root, uint32_t node) {
    const uint32_t i = split[root + node] % features;
    const double middle = least[i] + (most[i] - least[i]) / 2.0;
    const bool is_right = row[i] >= middle;
    if (is_right) least[i] = middle;
    else most[i] = middle;
    return 2 * node + 1 + is_right;
}

/* How many rows a tree had where the row is, each halving of the space made good. */
static double mass_of(const double *row, uint32_t tree) {
    const uint32_t root = tree * ((2u << height) - 1);
    begin(tree);
    uint32_t node = 0, depth = 0;
    while (depth < height && 10 * (uint32_t)mass[root + node] > window) {
        node = child(row, root, node);
        depth++;
    }
    return (double)((uint32_t)mass[root + node] << depth);
}

static void learn(const double *row) {
    const uint32_t nodes = (2u << height) - 1;
    for (uint32_t tree = 0; tree < trees; tree++) {
        const uint32_t root = tree * nodes;
        begin(tree);
        for (uint32_t depth = 0, node = 0; depth <= height; depth++) {
            latest[root + node]++;
            if (depth < height) node = child(row, root, node);
        }
    }
    count++;
    if (++row_of_window < window) return;
    for (uint32_t node = 0; node < trees * nodes; node++) {
        mass[node] = latest[node];
        latest[node] = 0;
    }
    row_of_window = 0;
    windows++;
}

/* Whether a row can be counted: no counter is full, for a window is smaller than the largest count. */
static bool has_room(uint32_t n) {
    return can_count(count, n) && can_count(windows, n) && row_of_window < window;
}

/* How unusual a row is, from 0 to 1; 0 for every row in the first window. */
EXPORT(predict)
double predict(const double *row) {
    require(is_ready() && are_numbers(row, features));
    if (windows == 0) return 0.0;
    double sum = 0.0;
    for (uint32_t tree = 0; tree < trees; tree++) sum += mass_of(row, tree);
    return 1.0 - sum / ((double)trees * (double)window * (double)(1u << height));
}

/* Counts a row. Traps, with the state as it was, if a number is not within LARGEST. */
EXPORT(update)
void update(const double *row) {
    require(is_ready() && has_room(1) && are_numbers(row, features));
    learn(row);
}

/* The same for many rows. */
EXPORT(update_many)
void update_many(const double *rows, uint32_t n) {
    require(is_ready() && n <= X_SIZE / features && n <= MAX_ROWS && has_room(n));
    require(are_numbers(rows, n * features));
    for (uint32_t row = 0; row < n; row++) learn(rows + row * features);
}
