/* Q-learning with a table: what each action is worth in each state, all that follows included.
 *
 * Source: C. J. C. H. Watkins, P. Dayan, "Q-learning" (1992).
 */
#include "kernel.h"

#define MAX_CELLS 4096 /* States times actions. */
#define MAX_ROWS 512

STATE uint32_t states;
STATE uint32_t actions;
STATE int64_t count;
STATE double lr;
STATE double discount;
STATE double epsilon;
STATE uint64_t rng[2];
STATE double values[MAX_CELLS];
BUFFER uint32_t state[MAX_ROWS];
BUFFER uint32_t action[MAX_ROWS];
BUFFER double reward[MAX_ROWS];
BUFFER uint32_t next_state[MAX_ROWS];
BUFFER uint32_t done[MAX_ROWS];

static bool is_ready(void) {
    return is_size(states, MAX_CELLS) && is_size(actions, MAX_CELLS / states) && is_generator(rng);
}

static bool is_step(uint32_t from, uint32_t chosen, double paid, uint32_t to, uint32_t last) {
    return from < states && chosen < actions && is_number(paid) && to < states && last <= 1;
}

/* The action that is worth most; of equal ones the first. */
static uint32_t best_action(uint32_t from) {
    const double *row = values + from * actions;
    uint32_t best = 0;
    for (uint32_t each = 1; each < actions; each++)
        if (row[each] > row[best]) best = each;
    return best;
}

static void learn(uint32_t from, uint32_t chosen, double paid, uint32_t to, uint32_t last) {
    double *value = values + from * actions + chosen;
    const double later = last != 0 ? 0.0 : values[to * actions + best_action(to)];
    const double next_value = *value + lr * (paid + discount * later - *value);
    require(is_finite(next_value));
    *value = next_value;
    count++;
    move_on(rng);
}

/* The action to take: the best, with probability epsilon any. Draws from a copy of the generator:
 * asked again before an update, it gives the same action again. */
EXPORT(predict)
uint32_t predict(uint32_t from) {
    require(is_ready() && from < states);
    uint64_t copy[2] = {rng[0], rng[1]}, draw[2];
    branch(copy, draw);
    return uniform(draw) < epsilon ? below(draw, actions) : best_action(from);
}

/* The same, and moves the generator on: for steps that are learned from later. */
EXPORT(act)
uint32_t act(uint32_t from) {
    const uint32_t chosen = predict(from);
    move_on(rng);
    return chosen;
}

/* The best action, without exploration. */
EXPORT(best)
uint32_t best(uint32_t from) {
    require(is_ready() && from < states);
    return best_action(from);
}

/* Learns from a step; done is 1 if it was the last of its episode. Traps, with the state as it was,
 * if there is no such state or action, or the value would not stay finite. */
EXPORT(update)
void update(uint32_t from, uint32_t chosen, double paid, uint32_t to, uint32_t last) {
    require(is_ready() && can_count(count, 1) && is_step(from, chosen, paid, to, last));
    learn(from, chosen, paid, to, last);
}

/* The same for many steps, in their order. Traps, with the state as it was, on a bad one. */
EXPORT(update_many)
void update_many(const uint32_t *from, const uint32_t *chosen, const double *paid,
                 const uint32_t *to, const uint32_t *last, uint32_t n) {
    require(is_ready() && n <= MAX_ROWS && can_count(count, n));
    for (uint32_t row = 0; row < n; row++)
        require(is_step(from[row], chosen[row], paid[row], to[row], last[row]));
    for (uint32_t row = 0; row < n; row++)
        learn(from[row], chosen[row], paid[row], to[row], last[row]);
}
