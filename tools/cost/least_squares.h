// Least squares with coefficients that are not negative.
#ifndef STP_TOOLS_COST_LEAST_SQUARES_H
#define STP_TOOLS_COST_LEAST_SQUARES_H

enum { LEAST_SQUARES_MOST = 28 }; // columns

// Sums of products: a [columns][columns] and b [columns] of the normal equations. Writes x [columns], 0 for
// columns that are zero (Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23).
void least_squares(int columns, double a[LEAST_SQUARES_MOST][LEAST_SQUARES_MOST],
                   const double b[LEAST_SQUARES_MOST], double x[LEAST_SQUARES_MOST]);

#endif
