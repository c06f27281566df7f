/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cloud/cloud.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "cloud/question.h"
#include "cloud/records.h"
#include "cloud/sharing.h"
#include "core/render.h"

#define QUESTION_SECONDS 3.0
#define EVENTS_A_TURN    16

/* What epoll gives back, behind alfred's calls. */
enum source {
	SOURCE_INOTIFY = ALFRED_CALLS,
	SOURCE_QUESTION,
};

struct cloud {
	int epoll;
	struct cloud_listener listener;
	struct cloud_wish wish; /* without what it points to */
	bool has_wish;          /* one was good enough */
	bool wish_holds;        /* the newest is */
	struct lease_host *hosts;
	char **names;
	struct lease_book *book;
	struct sharing sharing;
	struct records records;
	double now; /* of the newest turn */
	/* A DNS question under way. */
	int question;
	uint16_t question_id;
	double question_deadline;
	bool question_due;
};

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; names != NULL && i < count; i++) {
		free(names[i]);
	}
	free(names);
}

static void close_question(struct cloud *cloud)
{
	if (cloud->question >= 0) {
		close(cloud->question);
	}
	cloud->question = -1;
	cloud->question_deadline = INFINITY;
}

void cloud_close(struct cloud *cloud)
{
	if (cloud == NULL) {
		return;
	}
	struct lease_now now = sharing_now(cloud->now);
	if (!cloud->has_wish) {
		cloud->records.book = NULL; /* nothing worth keeping */
	}
	sharing_close(&cloud->sharing);
	records_close(&cloud->records, &now);
	lease_book_free(cloud->book);
	close_question(cloud);
	if (cloud->epoll >= 0) {
		close(cloud->epoll);
	}
	free_names(cloud->names, cloud->wish.name_count);
	free(cloud->hosts);
	free(cloud);
}

static void read_boot_id(char text[64])
{
	int fd CLEANUP(cleanup_close) =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, 63);

	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int open_book(struct cloud *cloud)
{
	char boot_id[64];
	uint64_t incarnation = 0;

	read_boot_id(boot_id);
	while (incarnation == 0) {
		if (getrandom(&incarnation, sizeof(incarnation), 0) < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return lease_book_open(&cloud->book, incarnation, boot_id);
}

static int open_parts(struct cloud *cloud, const char *run_dir, const char *state_dir,
	struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = SOURCE_INOTIFY};
	char *path CLEANUP(cleanup_free) = NULL;

	cloud->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (cloud->epoll < 0) {
		return -errno;
	}
	if (asprintf(&path, "%s/%s", run_dir, CHILD_ALFRED_SOCKET) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	int result = open_book(cloud);
	if (result == 0) {
		cloud->sharing.book = cloud->book;
		cloud->records.book = cloud->book;
		result = sharing_open(&cloud->sharing, path, cloud->epoll, 0);
	}
	if (result == 0) {
		result = records_open(&cloud->records, run_dir, state_dir, err);
	}
	if (result == 0 &&
		epoll_ctl(cloud->epoll, EPOLL_CTL_ADD, cloud->records.inotify, &event) < 0) {
		result = -errno;
	}
	return result;
}

static void on_alfred_answer(void *context, bool works)
{
	struct cloud *cloud = context;

	if (cloud->listener.on_answer != NULL) {
		cloud->listener.on_answer(cloud->listener.context, works);
	}
}

int cloud_open(struct cloud **out, const char *run_dir, const char *state_dir,
	const struct cloud_listener *listener, struct err *err)
{
	struct cloud *cloud = calloc(1, sizeof(*cloud));

	if (cloud == NULL) {
		return -ENOMEM;
	}
	cloud->epoll = -1;
	cloud->question = -1;
	cloud->question_deadline = INFINITY;
	cloud->records.inotify = -1;
	cloud->listener = *listener;
	cloud->sharing.on_answer = on_alfred_answer;
	cloud->sharing.context = cloud;
	int result = open_parts(cloud, run_dir, state_dir, err);
	if (result < 0) {
		if (err->text[0] == '\0') {
			err_set(err, "sharing of leases: %s", strerror(-result));
		}
		cloud_close(cloud);
		return result;
	}
	*out = cloud;
	return 0;
}

static int copy_names(char ***out, const struct cloud_wish *wish)
{
	char **names = calloc(wish->name_count + 1, sizeof(*names));

	for (size_t i = 0; names != NULL && i < wish->name_count; i++) {
		names[i] = strdup(wish->names[i]);
		if (names[i] == NULL) {
			free_names(names, i);
			return -ENOMEM;
		}
	}
	*out = names;
	return names == NULL ? -ENOMEM : 0;
}

/* Keeps the wish with copies of what it points to. */
static int keep_wish(struct cloud *cloud, const struct cloud_wish *wish)
{
	struct lease_host *hosts CLEANUP(cleanup_free) =
		calloc(wish->host_count + 1, sizeof(*hosts));
	char **names = NULL;

	if (hosts == NULL || copy_names(&names, wish) < 0) {
		return -ENOMEM;
	}
	if (wish->host_count > 0) {
		memcpy(hosts, wish->hosts, wish->host_count * sizeof(*hosts));
	}
	free_names(cloud->names, cloud->wish.name_count);
	free(cloud->hosts);
	cloud->wish = *wish;
	cloud->names = names;
	cloud->hosts = steal_ptr(hosts);
	cloud->wish.hosts = cloud->hosts;
	cloud->wish.names = (const char *const *)cloud->names;
	return 0;
}

static int set_book(struct cloud *cloud, const struct lease_now *now)
{
	const struct cloud_wish *wish = &cloud->wish;
	struct lease_settings settings = {
		.mac = wish->mac,
		.source = wish->source,
		.ipv4 = wish->ipv4,
		.ipv6 = wish->ipv6,
		.pool_first = wish->pool_first,
		.pool_last = wish->pool_last,
		.anycast = wish->server,
		.lease_seconds = wish->lease_seconds,
		.block_nodes = wish->pool_overlaps,
		.primary = sharing_is_primary(&cloud->sharing),
		.serve = wish->serve,
		.hosts = wish->hosts,
		.host_count = wish->host_count,
		.names = wish->names,
		.name_count = wish->name_count,
	};

	text_copy(settings.hostname, sizeof(settings.hostname), wish->hostname);
	text_copy(settings.version, sizeof(settings.version), wish->version);
	return lease_book_set(cloud->book, &settings, now);
}

#define SAME(member) (memcmp(&a->member, &b->member, sizeof(a->member)) == 0)

static bool is_same_node(const struct cloud_wish *a, const struct cloud_wish *b)
{
	return SAME(mac) && SAME(source) && SAME(ipv4) && SAME(ipv6) && SAME(pool_first) &&
	       SAME(pool_last) && SAME(server) && a->pool_overlaps == b->pool_overlaps &&
	       strcmp(a->hostname, b->hostname) == 0 && strcmp(a->version, b->version) == 0 &&
	       strcmp(a->domain, b->domain) == 0 && strcmp(a->release_link, b->release_link) == 0 &&
	       a->lease_seconds == b->lease_seconds;
}

/* A wish that changes nothing costs nothing. */
static bool is_same_wish(const struct cloud_wish *a, const struct cloud_wish *b)
{
	bool same = is_same_node(a, b) && a->share == b->share && a->serve == b->serve &&
		    a->role == b->role && a->primaries_max == b->primaries_max &&
		    a->sync_seconds == b->sync_seconds && a->type == b->type &&
		    a->host_count == b->host_count && a->name_count == b->name_count;

	for (size_t i = 0; same && i < a->host_count; i++) {
		same = SAME(hosts[i].mac) && SAME(hosts[i].ip) &&
		       strcmp(a->hosts[i].name, b->hosts[i].name) == 0;
	}
	for (size_t i = 0; same && i < a->name_count; i++) {
		same = strcmp(a->names[i], b->names[i]) == 0;
	}
	return same;
}

int cloud_set_wish(struct cloud *cloud, const struct cloud_wish *wish, double now, struct err *err)
{
	struct lease_now moment = sharing_now(now);
	struct sharing *sharing = &cloud->sharing;

	cloud->now = now;
	if (cloud->wish_holds && is_same_wish(&cloud->wish, wish)) {
		return 0;
	}
	int result = keep_wish(cloud, wish);
	cloud->wish_holds = result == 0;
	if (result == 0) {
		sharing->share = wish->share;
		sharing->wished = wish->role;
		sharing->primaries_max = wish->primaries_max > 0 ? wish->primaries_max : 1;
		sharing->sync_seconds = fmax(wish->sync_seconds, 0.5);
		sharing->type = wish->type;
		sharing->mac = wish->mac;
		sharing->source = wish->source;
		sharing_set(sharing, now);
		result = set_book(cloud, &moment);
	}
	if (result < 0) {
		cloud->wish_holds = false;
		err_set(err, "sharing of leases: %s",
			result == -EINVAL ? "the node has no MAC or the cloud no pool"
					  : strerror(-result));
		return result;
	}
	if (!cloud->has_wish) {
		records_begin(&cloud->records, &moment);
	}
	cloud->has_wish = true;
	records_set(&cloud->records, wish, now);
	return 0;
}

void cloud_on_alfred(struct cloud *cloud, bool answers, double now)
{
	cloud->now = now;
	sharing_on_alfred(&cloud->sharing, answers, now);
}

void cloud_ask(struct cloud *cloud, double now)
{
	sharing_ask(&cloud->sharing, now);
}

void cloud_ask_dnsmasq(struct cloud *cloud, double now)
{
	(void)now;
	cloud->question_due = true;
}

static void answer_question(struct cloud *cloud, bool works)
{
	close_question(cloud);
	if (cloud->listener.on_dnsmasq_answer != NULL) {
		cloud->listener.on_dnsmasq_answer(cloud->listener.context, works);
	}
}

static void send_question(struct cloud *cloud)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = SOURCE_QUESTION};
	const struct cloud_wish *wish = &cloud->wish;
	char name[sizeof(wish->hostname) + sizeof(wish->domain)];

	cloud->question_due = false;
	if (cloud->question >= 0) {
		return; /* one is under way; its answer is this one's too */
	}
	snprintf(name, sizeof(name), "%s%s%s", wish->hostname, wish->domain[0] == '\0' ? "" : ".",
		wish->domain);
	int result = cloud->has_wish ? 0 : -ENOENT;
	if (getrandom(&cloud->question_id, sizeof(cloud->question_id), GRND_NONBLOCK) < 0) {
		cloud->question_id++;
	}
	if (result == 0) {
		result = question_send(name, &wish->server, cloud->question_id, &cloud->question);
	}
	if (result < 0 || epoll_ctl(cloud->epoll, EPOLL_CTL_ADD, cloud->question, &event) < 0) {
		answer_question(cloud, false);
		return;
	}
	cloud->question_deadline = cloud->now + QUESTION_SECONDS;
}

static void on_question(struct cloud *cloud)
{
	uint8_t bytes[1500];

	while (cloud->question >= 0) {
		ssize_t count = recv(cloud->question, bytes, sizeof(bytes), 0);
		if (count < 0 && errno == EAGAIN) {
			return;
		}
		if (count < 0) {
			answer_question(cloud, false); /* nobody listens there */
		} else if (question_is_answered(bytes, (size_t)count, cloud->question_id)) {
			answer_question(cloud, true);
		}
	}
}

void cloud_on_timer(struct cloud *cloud, double now)
{
	cloud->now = now;
	if (cloud->question_deadline <= now) {
		answer_question(cloud, false);
	}
	if (cloud->question_due) {
		send_question(cloud);
	}
	bool role_changed = sharing_on_timer(&cloud->sharing, now);
	if (!cloud->has_wish) {
		return;
	}
	struct lease_now moment = sharing_now(now);
	if (role_changed) {
		set_book(cloud, &moment);
	}
	if (cloud->sharing.heard) {
		records_on_heard(&cloud->records);
	}
	if (records_on_timer(&cloud->records, &moment) &&
		cloud->listener.on_reload_wanted != NULL) {
		cloud->listener.on_reload_wanted(cloud->listener.context);
	}
}

int cloud_fd(const struct cloud *cloud)
{
	return cloud->epoll;
}

void cloud_on_readable(struct cloud *cloud, double now)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(cloud->epoll, events, EVENTS_A_TURN, 0);

	cloud->now = now;
	for (int i = 0; i < count; i++) {
		uint32_t source = events[i].data.u32;
		if (source == SOURCE_INOTIFY) {
			records_on_readable(&cloud->records, now);
		} else if (source == SOURCE_QUESTION) {
			on_question(cloud);
		} else {
			sharing_on_ready(&cloud->sharing, (enum alfred_call)source, now);
		}
	}
	/* What an answer makes due at once. */
	cloud_on_timer(cloud, now);
}

double cloud_deadline(const struct cloud *cloud)
{
	double first = cloud->question_due ? -INFINITY : cloud->question_deadline;

	first = fmin(first, sharing_deadline(&cloud->sharing));
	return cloud->has_wish ? fmin(first, records_deadline(&cloud->records)) : first;
}

json_t *cloud_leases_to_json(const struct cloud *cloud, double now)
{
	struct lease_now moment = sharing_now(now);

	return lease_book_leases_to_json(cloud->book, &moment);
}

json_t *cloud_nodes_to_json(const struct cloud *cloud, double now)
{
	struct lease_now moment = sharing_now(now);

	return lease_book_nodes_to_json(cloud->book, &moment);
}

json_t *cloud_to_json(const struct cloud *cloud, double now)
{
	struct lease_now moment = sharing_now(now);
	double due = lease_book_publish_at(cloud->book) - now;
	json_t *book = lease_book_to_json(cloud->book, &moment);
	json_t *alfred = sharing_to_json(&cloud->sharing);
	json_t *all = json_pack("{s:o, s:{s:O, s:O, s:O}, s:O, s:O, s:O, s:O, s:i, s:I}", "alfred",
		alfred, "counts", "nodes", json_object_get(book, "nodes"), "own",
		json_object_get(book, "own"), "remote", json_object_get(book, "remote"),
		"published_bytes", json_object_get(book, "published_bytes"), "conflicts",
		json_object_get(book, "conflicts"), "dropped", json_object_get(book, "dropped"),
		"cloud_offset", json_object_get(book, "cloud_offset"), "unreadable_lines",
		(int)cloud->records.left_out, "released", (json_int_t)cloud->records.released);

	json_decref(book);
	if (all != NULL && json_object_set_new(all, "republish_in",
				   isfinite(due) ? json_real(fmax(due, 0)) : json_null()) < 0) {
		json_decref(all);
		return NULL;
	}
	return all;
}

int cloud_problems(const struct cloud *cloud, struct problem_list *problems)
{
	const struct sharing *sharing = &cloud->sharing;

	if (cloud->has_wish && cloud->records.write_error < 0) {
		int result = problem_add(problems, PROBLEM_OPERATION, CHILD_DNSMASQ_HOSTS,
			"is the file system full or read-only?",
			"the other nodes' leases cannot be handed to dnsmasq: %s",
			strerror(-cloud->records.write_error));
		if (result < 0) {
			return result;
		}
	}
	if (sharing->share && sharing->expected && !isinf(sharing->inactive_since)) {
		return problem_add(problems, PROBLEM_OPERATION, "alfred", "",
			"alfred cannot use %s; leases are not shared", sharing->status.interface);
	}
	return 0;
}
