/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/json_number.h"

#include <math.h>

double json_rounded(double value, double parts)
{
	return floor(value * parts + 0.5) / parts;
}

double json_age(double now, double time)
{
	return json_rounded(now > time ? now - time : 0, 1000);
}
