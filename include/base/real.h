/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four functions of <math.h> that meshd and libev call, with the same meaning. The linker puts
 * them in the place of libm's (see CMakeLists.txt): mapping that library would cost a daemon of 3
 * MiB a tenth of its memory. Sources go on calling floor() and its like. */
#ifndef BASE_REAL_H
#define BASE_REAL_H

double real_floor(double x);
double real_ceil(double x);
/* A NaN loses against a number. */
double real_fmin(double a, double b);
double real_fmax(double a, double b);

#endif
