#include "least_squares.h"

#include <math.h>

enum { MOST = LEAST_SQUARES_MOST, ROUNDS = 1000 };

typedef struct problem {
    int columns;
    double a[MOST][MOST], b[MOST], scale[MOST];
    int free[MOST]; // columns that are not held at 0
} problem;

// Columns of equal length, so that "small" means the same for all.
static void scale(problem *p, double a[MOST][MOST], const double b[MOST]) {
    for (int i = 0; i < p->columns; i++)
        p->scale[i] = a[i][i] > 0 ? 1 / sqrt(a[i][i]) : 0;
    for (int i = 0; i < p->columns; i++) {
        p->b[i] = b[i] * p->scale[i];
        for (int j = 0; j < p->columns; j++)
            p->a[i][j] = a[i][j] * p->scale[i] * p->scale[j];
    }
}

// The free columns by Cholesky. Columns that others make up nearly share their coefficient with those,
// because of the little that is added to the diagonal.
static void solve(const problem *p, double x[MOST]) {
    double l[MOST][MOST];
    int list[MOST], n = 0;
    for (int i = 0; i < p->columns; i++) {
        x[i] = 0;
        if (p->free[i])
            list[n++] = i;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = p->a[list[i]][list[j]] + (i == j ? 1e-10 : 0);
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / l[j][j];
        }
    for (int i = 0; i < n; i++) {
        double sum = p->b[list[i]];
        for (int k = 0; k < i; k++)
            sum -= l[i][k] * x[list[k]];
        x[list[i]] = sum / l[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        double sum = x[list[i]];
        for (int k = i + 1; k < n; k++)
            sum -= l[k][i] * x[list[k]];
        x[list[i]] = sum / l[i][i];
    }
}

// The column at 0 that would do most good; -1: none.
static int next_column(const problem *p, const double x[MOST]) {
    int best = -1;
    double most = 1e-9;
    for (int i = 0; i < p->columns; i++) {
        double gain = p->b[i];
        for (int j = 0; j < p->columns; j++)
            gain -= p->a[i][j] * x[j];
        if (!p->free[i] && p->scale[i] > 0 && gain > most) {
            most = gain;
            best = i;
        }
    }
    return best;
}

// From x towards z as far as nothing becomes negative; what reaches 0 is held there. 0 when z was reached.
static int step_towards(problem *p, double x[MOST], const double z[MOST]) {
    double share = 1;
    for (int i = 0; i < p->columns; i++)
        if (p->free[i] && z[i] <= 0)
            share = fmin(share, x[i] / (x[i] - z[i]));
    for (int i = 0; i < p->columns; i++) {
        x[i] += share * (z[i] - x[i]);
        if (share < 1 && p->free[i] && x[i] <= 1e-12) {
            x[i] = 0;
            p->free[i] = 0;
        }
    }
    return share < 1;
}

void least_squares(int columns, double a[MOST][MOST], const double b[MOST], double x[MOST]) {
    problem p = {.columns = columns};
    double z[MOST];
    scale(&p, a, b);
    for (int i = 0; i < columns; i++)
        x[i] = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int column = next_column(&p, x);
        if (column < 0)
            break;
        p.free[column] = 1;
        do
            solve(&p, z);
        while (step_towards(&p, x, z));
    }
    for (int i = 0; i < columns; i++)
        x[i] *= p.scale[i];
}
