/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshd: argv and wiring. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/config_dir.h"
#include "control/print.h"
#include "control/server.h"
#include "loop/children.h"
#include "loop/daemon.h"
#include "loop/reconcile.h"
#include "loop/reexec.h"
#include "version.h"

#define LARGE_BLOCK 32768 /* bytes */

enum exit_code {
	EXIT_DIFFERS = 2, /* --plan: something would be done */
	EXIT_USAGE = 4,
};

enum mode {
	MODE_RUN,
	MODE_CHECK,
	MODE_PLAN,
	MODE_PURGE,
};

struct arguments {
	enum mode mode;
	bool json;
	/* With --check: the form in which a running meshd would hand over to us. */
	const char *handover;
	struct daemon_options options;
};

static const char usage[] =
	"Usage: meshd [OPTION]...\n"
	"Makes this machine a node of a community mesh network.\n"
	"\n"
	"  --config DIR     configuration (default /etc/meshd)\n"
	"  --run DIR        control socket and state (default /run/meshd)\n"
	"  --state DIR      keys and leases, what a reboot must not lose (default /var/lib/meshd)\n"
	"  --profiles DIR   profiles (default " MESHD_PROFILE_DIR ")\n"
	"  --check [DIR]    check the configuration and exit: 0 right, 1 wrong\n"
	"  --plan           show what would be done and exit: 0 nothing, 2 something\n"
	"  --json           with --plan: as JSON\n"
	"  --purge          remove everything that is meshd's and exit\n"
	"  --version        print the version\n"
	"  --help           print this\n"
	"\n"
	"Without --check, --plan or --purge it stays and keeps the node right; see meshd(8).\n";

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"run", required_argument, NULL, 'r'},
	{"state", required_argument, NULL, 's'},
	{"profiles", required_argument, NULL, 'p'},
	{"check", no_argument, NULL, 'k'},
	{"plan", no_argument, NULL, 'n'},
	{"json", no_argument, NULL, 'j'},
	{"purge", no_argument, NULL, 'x'},
	{"handover", required_argument, NULL, 'o'}, /* for loop/reexec.h, not for people */
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void cleanup_reexec(struct reexec **reexec)
{
	reexec_free(*reexec);
}

static int fail_usage(const char *reason, const char *word)
{
	fprintf(stderr, "meshd: %s %s\nTry: meshd --help\n", reason, word);
	return EXIT_USAGE;
}

/* A dry run that is asked for is never the real one: no mode takes the place of another. */
static int take_mode(struct arguments *arguments, enum mode mode)
{
	if (arguments->mode != MODE_RUN && arguments->mode != mode) {
		return fail_usage("only one of",
			"--check, --plan and --purge can be done at a time");
	}
	arguments->mode = mode;
	return -1;
}

/* Returns -1 to go on, else the exit code. */
static int take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case 'c':
		arguments->options.config_dir = optarg;
		return -1;
	case 'r':
		arguments->options.run_dir = optarg;
		return -1;
	case 's':
		arguments->options.state_dir = optarg;
		return -1;
	case 'o':
		arguments->handover = optarg;
		return -1;
	case 'p':
		arguments->options.profile_dir = optarg;
		return -1;
	case 'k':
		return take_mode(arguments, MODE_CHECK);
	case 'n':
		return take_mode(arguments, MODE_PLAN);
	case 'j':
		arguments->json = true;
		return -1;
	case 'x':
		return take_mode(arguments, MODE_PURGE);
	case 'V':
		puts("meshd " MESHD_VERSION);
		return EXIT_SUCCESS;
	case 'h':
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	default:
		fputs("Try: meshd --help\n", stderr);
		return EXIT_USAGE;
	}
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int code = take_option(arguments, option);
		if (code >= 0) {
			return code;
		}
	}
	if (arguments->mode == MODE_CHECK && optind < argc) {
		arguments->options.config_dir = argv[optind++];
	}
	if (optind < argc) {
		return fail_usage("no such argument:", argv[optind]);
	}
	if (arguments->json && arguments->mode != MODE_PLAN) {
		return fail_usage("--json goes with", "--plan");
	}
	return -1;
}

static int read_config(const struct arguments *arguments, struct config *config)
{
	const struct daemon_options *options = &arguments->options;
	CLEANUP(err_list_free) struct err_list errors = {0};
	int result = config_dir_read(options->config_dir, options->profile_dir, config, &errors);

	if (arguments->mode == MODE_RUN) {
		daemon_log_errors(&errors);
	} else {
		err_list_print(&errors, stderr);
	}
	return result;
}

static int run_plan(const struct arguments *arguments, struct config *config)
{
	struct reconcile reconcile;
	struct err err = {0};

	if (reconcile_open(&reconcile, config, arguments->options.run_dir, &err) < 0) {
		fprintf(stderr, "meshd: %s\n", err.text);
		return EXIT_FAILURE;
	}
	json_t *plan = reconcile_plan(&reconcile, &err);
	reconcile_close(&reconcile);
	if (plan == NULL) {
		fprintf(stderr, "meshd: %s\n", err.text);
		return EXIT_FAILURE;
	}
	int code = json_array_size(plan) == 0 ? EXIT_SUCCESS : EXIT_DIFFERS;
	if (arguments->json) {
		json_dumpf(plan, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_plan(plan, print_wants_colour(stdout), stdout);
	}
	json_decref(plan);
	return code;
}

/* A running meshd would make everything anew, one that starts meanwhile would do so half way: the
 * lock keeps both out. Where there is no run directory none runs. 0 or -errno. */
static int keep_daemon_out(const char *run_dir, int *lock, struct err *err)
{
	char path[320];
	int result;

	snprintf(path, sizeof(path), "%s/control.sock", run_dir);
	result = server_lock(path, err);
	if (result == -EADDRINUSE) {
		err_set(err, "a meshd runs in %s and would make everything anew; stop it first",
			run_dir);
	} else if (result >= 0) {
		*lock = result;
	}
	return result < 0 && result != -ENOENT ? result : 0;
}

static int run_purge(const struct arguments *arguments)
{
	CLEANUP(cleanup_close) int lock = -1;
	struct kernel *kernel;
	struct err err = {0};

	if (keep_daemon_out(arguments->options.run_dir, &lock, &err) < 0) {
		fprintf(stderr, "meshd: %s\n", err.text);
		return EXIT_FAILURE;
	}
	if (children_purge(arguments->options.run_dir, &err) < 0 ||
		kernel_open(&kernel, &err) < 0) {
		fprintf(stderr, "meshd: %s\n", err.text);
		return EXIT_FAILURE;
	}
	int result = reconcile_purge(kernel, &err);
	kernel_close(kernel);
	if (result < 0) {
		fprintf(stderr, "meshd: %s\n", err.text);
	}
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The configuration is right. Who asks with --handover hears whether we understand each other. */
static int run_check(const struct arguments *arguments, const struct config *config)
{
	CLEANUP(problem_list_free) struct problem_list warnings = {0};

	if (arguments->handover != NULL) {
		printf("meshd " MESHD_VERSION " takes over %d\n", REEXEC_FORM);
		return EXIT_SUCCESS;
	}
	if (config_warn(config, &warnings) < 0) {
		fprintf(stderr, "meshd: no memory\n");
		return EXIT_FAILURE;
	}
	config_dir_print_warnings(&warnings, stderr);
	return EXIT_SUCCESS;
}

static int run_daemon(const struct arguments *arguments, struct config *config)
{
	const char *state_dir = arguments->options.state_dir;
	struct err err = {0};

	/* What is large is a buffer for the longest message, of which little is ever touched, or
	 * goes again soon: mapped on its own it costs the pages that are used, while it is used. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	/* Without it the node works until its power is cut; then its leases and keys are gone. */
	if (mkdir(state_dir, 0755) < 0 && errno != EEXIST) {
		log_warning("main", "cannot make %s: %s", state_dir, strerror(errno));
	}
	if (daemon_run(&arguments->options, config, &err) < 0) {
		log_error("main", "%s", err.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	log_reserve_fds();
	struct arguments arguments = {.options = {.config_dir = "/etc/meshd",
					      .profile_dir = MESHD_PROFILE_DIR,
					      .run_dir = "/run/meshd",
					      .state_dir = "/var/lib/meshd"}};
	CLEANUP(config_free) struct config config = {0};
	CLEANUP(cleanup_reexec) struct reexec *reexec = reexec_new(argv);

	if (reexec == NULL) {
		return EXIT_FAILURE;
	}
	arguments.options.reexec = reexec;
	int code = read_arguments(argc, argv, &arguments);
	if (code >= 0) {
		return code;
	}
	if (arguments.mode == MODE_PURGE) {
		return run_purge(&arguments);
	}
	if (arguments.mode == MODE_RUN) {
		/* Until they are watched: a reload is no reason to end. */
		reexec_hold_signals(true);
	}
	if (read_config(&arguments, &config) < 0) {
		return EXIT_FAILURE;
	}
	switch (arguments.mode) {
	case MODE_CHECK:
		return run_check(&arguments, &config);
	case MODE_PLAN:
		return run_plan(&arguments, &config);
	case MODE_RUN:
	case MODE_PURGE:
		break;
	}
	return run_daemon(&arguments, &config);
}

/* Whoever goes on with what was printed must hear when it is not all there. */
int main(int argc, char **argv)
{
	int code = run(argc, argv);

	return print_finish(stdout, "meshd") == 0 ? code : EXIT_FAILURE;
}
