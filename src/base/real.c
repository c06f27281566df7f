/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/real.h"

#include <stdint.h>

/* From here on every double is a whole number. */
#define ALL_WHOLE 4503599627370496.0 /* 2^52 */

double real_floor(double x)
{
	if (!(x > -ALL_WHOLE && x < ALL_WHOLE)) {
		return x; /* infinite and NaN, too */
	}
	double whole = (double)(int64_t)x; /* towards zero */

	if (whole == x) {
		return x; /* keeps the sign of zero */
	}
	return whole > x ? whole - 1 : whole;
}

double real_ceil(double x)
{
	return -real_floor(-x);
}

double real_fmin(double a, double b)
{
	return a != a || b < a ? b : a;
}

double real_fmax(double a, double b)
{
	return a != a || b > a ? b : a;
}
