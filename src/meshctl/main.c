/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meshctl: argv to command. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/print.h"
#include "meshctl/command.h"
#include "meshctl/derive.h"
#include "meshctl/usage.h"
#include "version.h"

#define DERIVE_WORDS_MAX 256

enum option_bit {
	OPTION_ALL = 1 << 0,
	OPTION_PROFILES = 1 << 1,
	OPTION_OPERAND = 1 << 2,
	OPTION_ORIGIN = 1 << 3,
	OPTION_SECOND = 1 << 4, /* a second operand */
	OPTION_CHOICE = 1 << 5,
};

struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *text;
	const char *more;                          /* for --help of the command */
	int (*run)(const struct options *options); /* NULL: reads its own arguments */
	unsigned int options;
};

static const struct command commands[] = {
	{"status", "[--all]", "show the node on one screen, what is wrong first",
		"  --all          every row, and what meshd did last\n"
		"Exit code: 0 healthy, 2 with a problem of severity warning or error.\n",
		command_status, OPTION_ALL},
	{"plan", "", "show what differs from the configuration",
		"Exit code: 0 nothing differs, 2 something does.\n", command_plan, 0},
	{"reload", "", "read the configuration again",
		"A wrong configuration changes nothing: its errors are shown, exit code 1.\n",
		command_reload, 0},
	{"children", "[--all]", "show the programs that meshd keeps running",
		"  --all          how each ended, the last ten times, and its last words\n"
		"Exit code: 0 all run that are wanted, 2 one does not.\n",
		command_children, OPTION_ALL},
	{"restart", "CHILD", "stop a child and start it again",
		"CHILD is babeld, bmx7, alfred or dnsmasq.\n", command_restart, OPTION_OPERAND},
	{"leases", "[--own | --remote]", "show the cloud's leases and conflicts",
		"  --own          only the leases that this node gave\n"
		"  --remote       only those of other nodes\n",
		command_leases, OPTION_ORIGIN},
	{"nodes", "", "show the cloud's nodes by what they tell about themselves", "",
		command_nodes, 0},
	{"routing", "[--all]", "show what bmx7 and babeld report",
		"  --all          every row\n"
		"Exit code: 0 those in use answer, 2 one does not.\n",
		command_routing, OPTION_ALL},
	{"gateway", "[ACTION [NODE]] [OPTION]...", "show and choose the way to the Internet",
		"Without an action: all ways, with every part of their scores, and the uplinks.\n"
		"  why            why the one in use is, what would change that, what changed\n"
		"  use NODE       go by this one; by another while it is dead\n"
		"  auto           go by the best one (prefer and avoid stay)\n"
		"  prefer NODE    go by this one and others preferred before all others\n"
		"  avoid NODE     go by this one only when nothing else works\n"
		"  forget NODE    neither prefer nor avoid it any more\n"
		"  never-share    offer no uplink of this node to the mesh; share: offer them\n"
		"  local-only     go by uplinks of this node and by nothing else\n"
		"  reset          back to what the configuration says\n"
		"NODE is a name or the beginning of an id from the list, an uplink's name, or\n"
		"local: any uplink of this node. Choices are kept until the next one.\n"
		"  --strict       with use: rather no Internet than another way\n"
		"  --force        with use, prefer, avoid: also a NODE that is not in the list\n"
		"  --family F     of the list and of why: ipv4 or ipv6\n"
		"  --all          of the list: every row, ids, intervals, each target\n"
		"Exit code: 0 there is a way and the kernel takes it, 2 not so.\n",
		command_gateway, OPTION_OPERAND | OPTION_SECOND | OPTION_CHOICE | OPTION_ALL},
	{"reexec", "", "replace the running meshd by the program now at its path",
		"Children, connections and the network stay as they are. A program that would not\n"
		"start is refused, and the running one goes on: exit code 1.\n",
		command_reexec, 0},
	{"version", "", "print the versions of meshctl and meshd", "", command_version, 0},
	{"check", "[--profiles DIR] [DIR]", "check a configuration (default /etc/meshd)",
		"  --profiles DIR where the profiles are (default " MESHD_PROFILE_DIR ")\n"
		"Needs no daemon. Exit code: 0 right, 1 wrong.\n",
		command_check, OPTION_PROFILES | OPTION_OPERAND},
	{"derive", "--ssid SSID [--mac MAC] ...", "print what follows from an SSID and a MAC", "",
		NULL, 0},
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, 's'},
	{"profiles", required_argument, NULL, 'p'},
	{"json", no_argument, NULL, 'j'},
	{"all", no_argument, NULL, 'a'},
	{"own", no_argument, NULL, 'o'},
	{"remote", no_argument, NULL, 'r'},
	{"strict", no_argument, NULL, 'S'},
	{"force", no_argument, NULL, 'f'},
	{"family", required_argument, NULL, 'F'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void print_usage(FILE *to)
{
	fputs("usage: meshctl [--socket PATH] [--json] COMMAND [OPTION]...\n"
	      "Asks a running meshd, or works by itself where it can.\n\n",
		to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].text);
	}
	fputs("\n  --socket PATH  control socket (default $MESHD_SOCKET or " CLIENT_SOCKET_DEFAULT
	      ")\n"
	      "  --json         print JSON\n"
	      "  --help         print this, or the help of a command\n"
	      "  --version      print the version\n"
	      "\n"
	      "Exit codes: 0 done, 1 failed, 2 something differs or needs help, 3 meshd is not "
	      "running,\n4 wrong usage. See meshctl(1).\n",
		to);
}

static void print_command_usage(const struct command *command)
{
	printf("usage: meshctl %s [--socket PATH] [--json] %s\n%c%s.\n%s", command->name,
		command->usage, command->text[0] - 'a' + 'A', command->text + 1, command->more);
}

#define GO_ON     (-1)
#define NO_OPTION (-2)

/* Returns GO_ON, NO_OPTION or the exit code. taken: the bits that options of one
 * command ask for. */
static int take_option(struct options *options, int option, unsigned int *taken)
{
	switch (option) {
	case 's':
		options->socket = optarg;
		return GO_ON;
	case 'p':
		options->profiles = optarg;
		*taken |= OPTION_PROFILES;
		return GO_ON;
	case 'j':
		options->json = true;
		return GO_ON;
	case 'a':
		options->all = true;
		*taken |= OPTION_ALL;
		return GO_ON;
	case 'o':
		options->own = true;
		*taken |= OPTION_ORIGIN;
		return GO_ON;
	case 'r':
		options->remote = true;
		*taken |= OPTION_ORIGIN;
		return GO_ON;
	case 'S':
		options->strict = true;
		*taken |= OPTION_CHOICE;
		return GO_ON;
	case 'f':
		options->force = true;
		*taken |= OPTION_CHOICE;
		return GO_ON;
	case 'F':
		options->family = optarg;
		*taken |= OPTION_CHOICE;
		return GO_ON;
	case 'h':
		options->help = true;
		return GO_ON;
	case 'V':
		puts("meshctl " MESHD_VERSION);
		return EXIT_CODE_OK;
	default:
		return NO_OPTION;
	}
}

static int run_derive(const struct options *options, int argc, char **argv)
{
	char json_word[] = "--json";
	char help_word[] = "--help";
	char *words[DERIVE_WORDS_MAX];
	int count = 0;

	if (argc > DERIVE_WORDS_MAX - 3) {
		return usage_fail(argv[0], "too many arguments", NULL);
	}
	words[count++] = argv[0];
	if (options->json) {
		words[count++] = json_word;
	}
	if (options->help) {
		words[count++] = help_word;
	}
	memcpy(words + count, argv + 1, sizeof(*words) * (size_t)(argc - 1));
	count += argc - 1;
	words[count] = NULL;
	optind = 0; /* getopt begins anew */
	return derive_main(count, words);
}

/* argv[0] is the command; its options may come in any order. */
static int run_command(const struct command *command, struct options *options, int argc,
	char **argv, unsigned int taken)
{
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, USAGE_SHORT_OPTIONS, long_options, NULL)) != -1) {
		int code = take_option(options, option, &taken);
		if (code == NO_OPTION) {
			return usage_fail_option(command->name, option, long_options, argv);
		}
		if (code >= 0) {
			return code;
		}
	}
	if (options->help) {
		print_command_usage(command);
		return EXIT_CODE_OK;
	}
	if ((taken & ~command->options) != 0) {
		return usage_fail(command->name, "this command does not take that option", NULL);
	}
	if (optind < argc && (command->options & OPTION_OPERAND) != 0) {
		options->operand = argv[optind++];
	}
	if (optind < argc && (command->options & OPTION_SECOND) != 0) {
		options->second = argv[optind++];
	}
	if (optind < argc) {
		return usage_fail(command->name, "no such argument", argv[optind]);
	}
	return command->run(options);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int run(int argc, char **argv)
{
	const char *from_environment = getenv("MESHD_SOCKET");
	struct options options = {.socket = CLIENT_SOCKET_DEFAULT};
	unsigned int taken = 0;
	int option;

	if (from_environment != NULL && from_environment[0] != '\0') {
		options.socket = from_environment;
	}
	/* "+" stops at the command, whose options are read next. */
	while ((option = getopt_long(argc, argv, "+" USAGE_SHORT_OPTIONS, long_options, NULL)) !=
		-1) {
		int code = take_option(&options, option, &taken);
		if (code == NO_OPTION) {
			return usage_fail_option(NULL, option, long_options, argv);
		}
		if (code >= 0) {
			return code;
		}
	}
	if (optind == argc) {
		print_usage(options.help ? stdout : stderr);
		return options.help ? EXIT_CODE_OK : EXIT_CODE_USAGE;
	}
	const struct command *command = find_command(argv[optind]);
	if (command == NULL) {
		return usage_fail(NULL, "no such command", argv[optind]);
	}
	if (command->run == NULL) {
		return run_derive(&options, argc - optind, argv + optind);
	}
	return run_command(command, &options, argc - optind, argv + optind, taken);
}

/* Whoever goes on with what was printed must hear when it is not all there. */
int main(int argc, char **argv)
{
	int code = run(argc, argv);

	return print_finish(stdout, "meshctl") == 0 ? code : EXIT_CODE_FAILURE;
}
