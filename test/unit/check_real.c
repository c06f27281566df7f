/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stddef.h>

#include "base/real.h"
#include "unit/check_main.h"

static const double values[] = {0, -0.0, 0.25, -0.25, 0.5, -0.5, 1, -1, 1.5, -1.5, 1e9 + 0.75,
	-1e9 - 0.75, 4503599627370495.5, -4503599627370495.5, 4503599627370496, -4503599627370497,
	9e15, -9e15, 1e300, -1e300, 5e-324, -5e-324, INFINITY, -INFINITY, NAN};

#define VALUES (sizeof(values) / sizeof(values[0]))

static void check_same(double got, double wanted, double a, double b)
{
	ck_assert_msg(isnan(got) ? isnan(wanted) : got == wanted, "%g, %g: %g, not %g", a, b, got,
		wanted);
}

START_TEST(as_libm_has_them)
{
	for (size_t i = 0; i < VALUES; i++) {
		double a = values[i];

		check_same(real_floor(a), floor(a), a, a);
		check_same(real_ceil(a), ceil(a), a, a);
		ck_assert_int_eq(!!signbit(real_floor(a)), !!signbit(floor(a)));
		ck_assert_int_eq(!!signbit(real_ceil(a)), !!signbit(ceil(a)));
		for (size_t j = 0; j < VALUES; j++) {
			double b = values[j];

			check_same(real_fmin(a, b), fmin(a, b), a, b);
			check_same(real_fmax(a, b), fmax(a, b), a, b);
		}
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("real");
	TCase *tests = tcase_create("real");

	tcase_add_test(tests, as_libm_has_them);
	suite_add_tcase(suite, tests);
	return suite;
}
