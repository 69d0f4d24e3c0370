// The scalar of the engine: float in the product, double in the library that the gradient checks link.
#ifndef STP_KERNEL_REAL_H
#define STP_KERNEL_REAL_H

#ifndef STP_REAL
#define STP_REAL float
#endif
typedef STP_REAL stp_real;

#endif
