/* Lock-in Feedback: the best value of one number. The value swings around a centre; how the rewards
 * swing along tells the slope, and the centre climbs it.
 *
 * Source: M. C. Kaptein, R. van Emden, D. Iannuzzi, "Tracking the Decoy: Maximizing the Decoy Effect
 * Through Sequential Experimentation" (2016).
 */
#include "kernel.h"

#define MAX_PERIOD 512
#define MAX_ROWS 4096

STATE uint32_t period; /* How many values make a swing. */
STATE double amplitude;
STATE double gain;
STATE double center;
STATE int64_t count;
STATE uint32_t step; /* In the swing. */
STATE double product; /* Of rewards and the wave, summed over the swing. */
STATE double wave[MAX_PERIOD]; /* A cosine. */
BUFFER double paid[MAX_ROWS];

static bool is_ready(void) {
    return is_size(period, MAX_PERIOD) && step < period;
}

static void learn(double reward) {
    const double sum = product + reward * wave[step];
    const bool ends = step + 1 == period;
    const double next = ends ? center + gain * (sum / (double)period) : center;
    require(is_finite(sum) && is_number(next));
    center = next;
    product = ends ? 0.0 : sum;
    step = ends ? 0 : step + 1;
    count++;
}

/* The value to try next. */
EXPORT(predict)
double predict(void) {
    require(is_ready());
    return center + amplitude * wave[step];
}

/* Learns what the value of predict() paid. Traps, with the state as it was, if the reward is not
 * within LARGEST or the centre would not stay there. */
EXPORT(update)
void update(double reward) {
    require(is_ready() && can_count(count, 1) && is_number(reward));
    learn(reward);
}

/* The same for many rewards. Traps, with the state as it was, if one is not within LARGEST; with
 * what the ones before have taught if the centre would not stay there. */
EXPORT(update_many)
void update_many(const double *rewards, uint32_t n) {
    require(is_ready() && n <= MAX_ROWS && can_count(count, n) && are_numbers(rewards, n));
    for (uint32_t row = 0; row < n; row++) learn(rewards[row]);
}
