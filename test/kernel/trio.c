/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/trio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "core/render.h"
#include "kernel/namespaces.h"
#include "kernel/shell.h"

static const char *const names[] = {"a", "b", "c"};
static char options[4096]; /* of the daemons: a child process runs one test */

double trio_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

char *trio_output(const char *format, ...)
{
	char command[512];
	char *output = calloc(1, 65536);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	FILE *pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_ptr_nonnull(output);
	size_t length = fread(output, 1, 65535, pipe);
	output[length] = '\0';
	pclose(pipe);
	return output;
}

static const char *program(enum link_protocol protocol)
{
	return protocol == PROTOCOL_BABELD ? "babeld" : "bmx7";
}

bool trio_is_possible(enum link_protocol protocol, char *reason, size_t size)
{
	char command[64];

	if (!namespace_is_possible()) {
		snprintf(reason, size, "no namespaces");
		return false;
	}
	snprintf(command, sizeof(command), "command -v %s >/dev/null", program(protocol));
	snprintf(reason, size, "no %s", program(protocol));
	return system(command) == 0;
}

void trio_run_in(const struct trio *trio, enum trio_node node, const char *command)
{
	if (node == NODE_B) {
		run(command);
	} else {
		run_format("nsenter -t %d -n %s", trio->holders[node], command);
	}
}

static const char *devices(enum trio_node node)
{
	static const char *const links[] = {"ab", "", "cb"};

	return links[node];
}

/* The command line of a node's daemon, without the namespace. */
static void format_daemon(const struct trio *trio, enum trio_node node, char *command, size_t size)
{
	char dir[80];
	char own[256] = "";

	snprintf(dir, sizeof(dir), "%s/%s", trio->dir, names[node]);
	if (trio->protocol == PROTOCOL_BABELD) {
		/* Without a device babeld does not start, nor where the socket of a killed one
		 * lies. */
		snprintf(command, size,
			"rm -f %s/" CHILD_BABELD_SOCKET
			"; exec babeld -I '' -S %s/state -G %s/" CHILD_BABELD_SOCKET
			" -c /dev/null -h 1 -H 1 -C 'router-id 02:00:00:00:00:0%d' %s"
			" -C 'redistribute ip 10.0.0.0/8 eq 16 allow' -C 'redistribute local deny'"
			" -C 'redistribute deny' %s >%s/log 2>&1",
			dir, dir, dir, (int)node + 1, options,
			node == NODE_B ? "'no!link'" : devices(node), dir);
		return;
	}
	if (node != NODE_B) {
		int number = (int)node + 1;
		snprintf(own, sizeof(own), "dev=%s ", devices(node));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(own + strlen(own), sizeof(own) - strlen(own), options, number, number);
#pragma GCC diagnostic pop
	}
	snprintf(command, size,
		"mkdir -p %s/bmx7 && exec bmx7 runtimeDir=%s/bmx7 plugin=bmx7_json.so "
		"plugin=bmx7_tun.so nodeRsaKey=4 /keyPath=%s/rsa.der hostname=node-%s "
		"descSqnPath=%s/descSqn tunOutTimeout=0 syslog=0 debug=0 %s >%s/log 2>&1",
		dir, dir, dir, names[node], dir, own, dir);
}

void trio_start_daemon(struct trio *trio, enum trio_node node)
{
	char command[sizeof(options) + 1024];

	format_daemon(trio, node, command, sizeof(command));
	pid_t pid = fork();
	if (pid == 0) {
		char holder[16];
		snprintf(holder, sizeof(holder), "%d", trio->holders[node]);
		if (node == NODE_B) {
			execlp("sh", "sh", "-c", command, NULL);
		} else {
			execlp("nsenter", "nsenter", "-t", holder, "-n", "sh", "-c", command, NULL);
		}
		_exit(127);
	}
	trio->daemons[node] = pid;
}

void trio_kill_daemon(struct trio *trio, enum trio_node node, int signal_number)
{
	kill(trio->daemons[node], signal_number);
	waitpid(trio->daemons[node], NULL, 0);
	trio->daemons[node] = 0;
}

static void on_change(void *context, enum link_protocol protocol)
{
	struct trio *trio = context;

	ck_assert_int_eq(protocol, trio->protocol);
	trio->changes++;
}

static void on_answer(void *context, enum link_protocol protocol, bool works)
{
	struct trio *trio = context;

	ck_assert_int_eq(protocol, trio->protocol);
	trio->answers++;
	trio->works = works;
}

static void add_link(const struct trio *trio, enum trio_node node, const char *here,
	const char *there)
{
	char up[64];

	run_format("ip link add %s type veth peer name %s netns %d", here, there,
		trio->holders[node]);
	run_format("ip link set %s up", here);
	snprintf(up, sizeof(up), "ip link set %s up", there);
	trio_run_in(trio, node, up);
}

void trio_start(struct trio *trio, enum link_protocol protocol, const char *words)
{
	struct routing_listener listener = {.on_change = on_change,
		.on_answer = on_answer,
		.context = trio};
	struct err err = {0};
	char run_dir[80];
	char command[128];

	*trio = (struct trio){.protocol = protocol, .dir = "/tmp/trio.XXXXXX"};
	text_copy(options, sizeof(options), words);
	ck_assert_ptr_nonnull(mkdtemp(trio->dir));
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up");
	trio->holders[NODE_A] = namespace_start("ip link set lo up", NULL, NULL);
	trio->holders[NODE_C] = namespace_start("ip link set lo up", NULL, NULL);
	add_link(trio, NODE_A, "ba", "ab");
	add_link(trio, NODE_C, "bc", "cb");
	for (int node = NODE_A; node < NODE_COUNT; node++) {
		run_format("mkdir %s/%s", trio->dir, names[node]);
		trio_run_in(trio, node, "ip link add lan type bridge");
		trio_run_in(trio, node, "ip link set lan up");
		snprintf(command, sizeof(command), "ip addr add 10.%d.0.1/16 dev lan", node + 1);
		trio_run_in(trio, node, command);
		trio_start_daemon(trio, node);
	}
	snprintf(run_dir, sizeof(run_dir), "%s/b", trio->dir);
	ck_assert_msg(routing_open(&trio->routing, run_dir, &listener, &err) == 0, "%s", err.text);
}

void trio_stop(struct trio *trio)
{
	routing_close(trio->routing);
	for (int node = NODE_A; node < NODE_COUNT; node++) {
		if (trio->daemons[node] > 0) {
			trio_kill_daemon(trio, node, SIGKILL);
		}
		if (trio->holders[node] > 0) {
			namespace_stop(trio->holders[node]);
		}
	}
	run_format("rm -r %s", trio->dir);
}

static void turn(struct trio *trio)
{
	struct pollfd poll_fd = {.fd = routing_fd(trio->routing), .events = POLLIN};
	double deadline = routing_deadline(trio->routing);
	double wait = deadline == 0 ? 0.1 : deadline - trio_now();
	int milliseconds = wait > 0.1 ? 100 : (int)(wait * 1000) + 1;

	if (poll(&poll_fd, 1, wait < 0 ? 0 : milliseconds) > 0) {
		routing_on_readable(trio->routing, trio_now());
	}
	deadline = routing_deadline(trio->routing);
	if (deadline != 0 && trio_now() >= deadline) {
		routing_on_timer(trio->routing, trio_now());
	}
}

void trio_turn(struct trio *trio, double seconds)
{
	double end = trio_now() + seconds;

	while (trio_now() < end) {
		turn(trio);
	}
}

const struct routing_state *trio_state(const struct trio *trio)
{
	return routing_get(trio->routing, trio->protocol);
}

void trio_wait(struct trio *trio, double seconds, bool (*holds)(struct trio *trio),
	const char *what)
{
	double begin = trio_now();

	while (!holds(trio)) {
		if (trio_now() > begin + seconds) {
			json_t *json = routing_state_to_json(trio_state(trio));
			char *text = json_dumps(json, JSON_INDENT(1));
			char *log = trio_output(
				"tail -n 20 %s/b/log; ip route; ip -6 route show table 70",
				trio->dir);
			printf("refusal: %s\nstate: %s\nlog and routes: %s\n",
				routing_refusal(trio->routing, trio->protocol), text, log);
			fflush(stdout);
			free(text);
			free(log);
			json_decref(json);
			ck_abort_msg("%s: not within %.0f s", what, seconds);
		}
		/* What is looked at may take a process of its own. */
		trio_turn(trio, 0.2);
	}
	printf("  %s: %.1f s\n", what, trio_now() - begin);
	fflush(stdout);
}

char *trio_bmx7_parameters(const struct trio *trio)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char *text = calloc(1, 65536);
	size_t length = 0;
	ssize_t count;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_ptr_nonnull(text);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/b/bmx7/sock", trio->dir);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(write(fd, "parameters #", 12), 12);
	while ((count = read(fd, text + length, 65535 - length)) > 0) {
		length += (size_t)count;
	}
	close(fd);
	return text;
}
