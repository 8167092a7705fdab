/* SARSA(lambda) with a Fourier basis: what to do in states that are numbers, learned step by step.
 *
 * An observation is scaled to [0, 1] and turned into cosines of all frequencies up to `order`; what
 * an action is worth is a line in these. An episode is start, steps, end; the last observation, the
 * action and the eligibility traces are in S, so a device that was switched off goes on with it.
 *
 * Source: G. Konidaris, S. Osentoski, P. Thomas, "Value Function Approximation in Reinforcement
 * Learning using the Fourier Basis" (2011); R. S. Sutton, A. G. Barto, "Reinforcement Learning"
 * (2018), "Sarsa(lambda)", with accumulating traces.
 */
#include "kernel.h"

#define MAX_OBSERVATIONS 8
#define MAX_ACTIONS 64
#define MAX_ORDER 31
#define MAX_TERMS 729 /* (order + 1) to the power of observations. */
#define MAX_WEIGHTS 2304 /* Terms times actions. */
#define X_SIZE 384
#define MAX_ROWS 96

STATE uint32_t observations;
STATE uint32_t actions;
STATE uint32_t order;
STATE int64_t count; /* Steps that were learned. */
STATE int64_t episodes; /* That were begun. */
STATE double lr;
STATE double discount;
STATE double trace; /* The lambda. */
STATE double epsilon; /* In the first episode. */
STATE double epsilon_decay; /* Its factor an episode. */
STATE uint64_t rng[2];
STATE double low[MAX_OBSERVATIONS];
STATE double high[MAX_OBSERVATIONS];
STATE uint32_t running; /* Whether an episode is. */
STATE uint32_t last_action;
STATE double last_x[MAX_OBSERVATIONS];
STATE double weights[MAX_WEIGHTS];
STATE double traces[MAX_WEIGHTS];
BUFFER double x[X_SIZE];
BUFFER double next_x[X_SIZE];
BUFFER uint32_t action[MAX_ROWS];
BUFFER double reward[MAX_ROWS];
BUFFER uint32_t next_action[MAX_ROWS];
BUFFER uint32_t done[MAX_ROWS];

static double cosines[MAX_TERMS], sines[MAX_TERMS]; /* Of the last observation that was expanded. */
static double scales[MAX_TERMS]; /* One over the length of each vector of frequencies; 1 for 0. */
static uint32_t scaled_order, scaled_observations; /* That the scales are of. */
static double power_cosines[MAX_ORDER + 1], power_sines[MAX_ORDER + 1];

/* How many terms there are; 0 if there is no room for them. */
static uint32_t count_terms(void) {
    if (!is_size(observations, MAX_OBSERVATIONS) || !is_size(order, MAX_ORDER)) return 0;
    uint32_t terms = 1;
    for (uint32_t i = 0; i < observations && terms <= MAX_TERMS; i++) terms *= order + 1;
    return terms <= MAX_TERMS ? terms : 0;
}

static bool is_ready(void) {
    const uint32_t terms = count_terms();
    return terms != 0 && is_size(actions, MAX_WEIGHTS / terms) && actions <= MAX_ACTIONS
        && is_generator(rng);
}

/* cos(pi s) and sin(pi s) for s from 0 to 1, by Taylor series about 1/2, whose terms left out are
 * below 2^-56. */
static void turn(double s, double *cosine, double *sine) {
    const double t = (s - 0.5) * 0x1.921fb54442d18p+1; /* pi */
    static const double shares[] = {
        1.0 / 1, 1.0 / 2, 1.0 / 6, 1.0 / 12, 1.0 / 20, 1.0 / 30, 1.0 / 42, 1.0 / 56, 1.0 / 72,
        1.0 / 90, 1.0 / 110, 1.0 / 132, 1.0 / 156, 1.0 / 182, 1.0 / 210, 1.0 / 240, 1.0 / 272,
        1.0 / 306, 1.0 / 342, 1.0 / 380, 1.0 / 420, 1.0 / 462, 1.0 / 506, 1.0 / 552, 1.0 / 600,
    }; /* 1 / (n (n + 1)) */
    const double square = t * t;
    double odd = 1.0, even = 1.0;
    for (int n = 24; n > 0; n -= 2) {
        even = 1.0 - even * square * shares[n - 1];
        odd = 1.0 - odd * square * shares[n];
    }
    *cosine = -(t * odd);
    *sine = even;
}

/* Expands an observation: cosines[i] = cos(pi c_i s). The vectors c_i count up, the last element
 * fastest. e^(i pi c s) is a product over the elements, so each costs a turn and few products. */
static void expand(const double *row) {
    uint32_t size = 1;
    cosines[0] = 1.0;
    sines[0] = 0.0;
    for (uint32_t each = 0; each < observations; each++) {
        require(high[each] > low[each]);
        double scaled = (row[each] - low[each]) / (high[each] - low[each]);
        if (!(scaled > 0.0)) scaled = 0.0;
        if (scaled > 1.0) scaled = 1.0;
        double cosine, sine;
        turn(scaled, &cosine, &sine);
        power_cosines[0] = 1.0;
        power_sines[0] = 0.0;
        for (uint32_t k = 0; k < order; k++) {
            power_cosines[k + 1] = power_cosines[k] * cosine - power_sines[k] * sine;
            power_sines[k + 1] = power_cosines[k] * sine + power_sines[k] * cosine;
        }
        for (uint32_t i = size; i-- > 0;) {
            const double real = cosines[i], imaginary = sines[i];
            for (uint32_t k = order + 1; k-- > 0;) {
                const uint32_t at = i * (order + 1) + k;
                cosines[at] = real * power_cosines[k] - imaginary * power_sines[k];
                sines[at] = real * power_sines[k] + imaginary * power_cosines[k];
            }
        }
        size *= order + 1;
    }
}

/* Weights of high frequencies learn more slowly. */
static void scale(uint32_t terms) {
    if (scaled_order == order && scaled_observations == observations) return;
    for (uint32_t i = 0; i < terms; i++) {
        uint32_t square = 0;
        for (uint32_t left = i; left > 0; left /= order + 1)
            square += (left % (order + 1)) * (left % (order + 1));
        scales[i] = square > 1 ? 1.0 / sqrt((double)square) : 1.0;
    }
    scaled_order = order;
    scaled_observations = observations;
}

/* What an action is worth in the observation that was expanded. */
static double worth(uint32_t which, uint32_t terms) {
    return dot(weights + which * terms, cosines, terms);
}

static uint32_t best_action(uint32_t terms) {
    uint32_t best = 0;
    double largest = worth(0, terms);
    for (uint32_t each = 1; each < actions; each++) {
        const double value = worth(each, terms);
        if (value > largest) {
            best = each;
            largest = value;
        }
    }
    return best;
}

/* The best action in what was expanded, with a probability that falls with the episodes any. */
static uint32_t choose(uint32_t terms, int64_t episode) {
    uint64_t copy[2] = {rng[0], rng[1]}, draw[2];
    branch(copy, draw);
    const double later = episode > 1 ? exp((double)(episode - 1) * log(epsilon_decay)) : 1.0;
    return uniform(draw) < epsilon * later ? below(draw, actions) : best_action(terms);
}

/* What a weight of a term becomes, and the trace that moves it. */
static double moved(double weight, double rate, double eligible) {
    return weight + rate * eligible;
}

/* Learns that an action in an observation was paid, and what it led to is worth so much. Traps, with
 * the state as it was, if a weight would not stay finite. */
static void learn(const double *row, uint32_t which, double paid, double later) {
    const uint32_t terms = count_terms(), size = terms * actions;
    require(can_count(count, 1));
    expand(row);
    const double error = paid + discount * later - worth(which, terms);
    const double fade = discount * trace;
    double *rates = sines, nothing = 0.0; /* The sines are needed no more. */
    scale(terms);
    for (uint32_t i = 0; i < terms; i++) rates[i] = lr * error * scales[i];
    for (uint32_t i = 0; i < terms; i++) {
        const uint32_t at = which * terms + i;
        nothing += 0.0 * moved(weights[at], rates[i], fade * traces[at] + cosines[i]);
    }
    for (uint32_t at = 0, i = 0; at < size; at++, i = i + 1 < terms ? i + 1 : 0)
        nothing += 0.0 * moved(weights[at], rates[i], fade * traces[at]);
    require(nothing == 0.0); /* NaN if any of them was not finite. */
    for (uint32_t at = 0; at < size; at++) traces[at] *= fade;
    for (uint32_t i = 0; i < terms; i++) traces[which * terms + i] += cosines[i];
    for (uint32_t each = 0; each < actions; each++)
        for (uint32_t i = 0, at = each * terms; i < terms; i++, at++)
            weights[at] = moved(weights[at], rates[i], traces[at]);
    count++;
}

static void forget_traces(void) {
    for (uint32_t i = 0; i < count_terms() * actions; i++) traces[i] = 0.0;
}

static void remember(const double *row, uint32_t which) {
    for (uint32_t i = 0; i < observations; i++) last_x[i] = row[i];
    last_action = which;
    move_on(rng);
}

static void require_running(void) {
    require(is_ready() && running == 1 && last_action < actions);
    require(are_numbers(last_x, observations));
}

/* The action to take: the best, now and then any. Draws from a copy of the generator: asked again
 * before a step, it gives the same action again. */
EXPORT(predict)
uint32_t predict(const double *row) {
    require(is_ready() && are_numbers(row, observations));
    expand(row);
    return choose(count_terms(), episodes);
}

/* The best action, without exploration. */
EXPORT(best)
uint32_t best(const double *row) {
    require(is_ready() && are_numbers(row, observations));
    expand(row);
    return best_action(count_terms());
}

/* What an action is worth: the rewards that are expected from it on, discounted. */
EXPORT(value)
double value(const double *row, uint32_t which) {
    require(is_ready() && which < actions && are_numbers(row, observations));
    expand(row);
    return worth(which, count_terms());
}

/* Begins an episode and gives its first action. One that is still running is cut off: nothing more
 * is learned from it. */
EXPORT(start)
uint32_t start(const double *row) {
    require(is_ready() && are_numbers(row, observations) && can_count(episodes, 1));
    expand(row);
    const uint32_t chosen = choose(count_terms(), episodes + 1);
    forget_traces();
    episodes++;
    running = 1;
    remember(row, chosen);
    return chosen;
}

/* Learns what the last action was paid and led to, and gives the next one. Traps, with the state as
 * it was, if no episode is running. */
EXPORT(step)
uint32_t step(double paid, const double *row) {
    require_running();
    require(is_number(paid) && are_numbers(row, observations));
    const uint32_t terms = count_terms();
    expand(row);
    const uint32_t chosen = choose(terms, episodes);
    const double later = worth(chosen, terms);
    learn(last_x, last_action, paid, later);
    remember(row, chosen);
    return chosen;
}

/* Learns what the last action was paid, and ends the episode. Traps as step() does. */
EXPORT(end)
void end(double paid) {
    require_running();
    require(is_number(paid));
    learn(last_x, last_action, paid, 0.0);
    forget_traces();
    running = 0;
}

static bool is_step(const double *from, uint32_t which, double paid, const double *to,
                    uint32_t next, uint32_t last) {
    return are_numbers(from, observations) && are_numbers(to, observations) && which < actions
        && is_number(paid) && next < actions && last <= 1;
}

static void learn_step(const double *from, uint32_t which, double paid, const double *to,
                       uint32_t next, uint32_t last) {
    double later = 0.0;
    if (last == 0) {
        expand(to);
        later = worth(next, count_terms());
    }
    learn(from, which, paid, later);
    if (last == 1) forget_traces();
}

/* Learns from a step that was logged, of the same episode as the one before; done is 1 if it was its
 * last. Traps, with the state as it was, on bad input, and while an episode is running. */
EXPORT(update)
void update(const double *from, uint32_t which, double paid, const double *to, uint32_t next,
            uint32_t last) {
    require(is_ready() && running == 0 && is_step(from, which, paid, to, next, last));
    learn_step(from, which, paid, to, next, last);
}

/* The same for many steps, in their order. Traps, with the state as it was, on a bad one. */
EXPORT(update_many)
void update_many(const double *from, const uint32_t *which, const double *paid, const double *to,
                 const uint32_t *next, const uint32_t *last, uint32_t n) {
    require(is_ready() && running == 0 && n <= MAX_ROWS && n <= X_SIZE / observations);
    require(can_count(count, n));
    for (uint32_t row = 0; row < n; row++)
        require(is_step(from + row * observations, which[row], paid[row], to + row * observations,
                        next[row], last[row]));
    for (uint32_t row = 0; row < n; row++)
        learn_step(from + row * observations, which[row], paid[row], to + row * observations,
                   next[row], last[row]);
}
