/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define BACKLOG     16
#define LOCK_SUFFIX ".lock"
#define LOCK_SIZE   (sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(LOCK_SUFFIX))

/* Makes the directory that path lies in, and those above it. */
static int make_directory(const char *path, struct err *err)
{
	char *copy CLEANUP(cleanup_free) = strdup(path);

	if (copy == NULL) {
		err_set(err, "no memory");
		return -ENOMEM;
	}
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
			int error = -errno;
			err_set(err, "cannot make the directory %s: %s", copy, strerror(-error));
			return error;
		}
		*slash = '/';
	}
	return 0;
}

/* Does a living process listen at the address? 0, -EADDRINUSE or -errno. */
static int ask_address(const struct sockaddr_un *address, struct err *err)
{
	int fd CLEANUP(cleanup_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		int error = -errno;
		err_set(err, "no socket: %s", strerror(-error));
		return error;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		(errno != ECONNREFUSED && errno != ENOENT)) {
		err_set(err, "another meshd answers at %s", address->sun_path);
		return -EADDRINUSE;
	}
	return 0;
}

static int take_lock(const char *path, struct err *err)
{
	char name[LOCK_SIZE];

	if ((size_t)snprintf(name, sizeof(name), "%s" LOCK_SUFFIX, path) >= sizeof(name)) {
		err_set(err, "the path is too long: %s", path);
		return -ENAMETOOLONG;
	}
	int fd CLEANUP(cleanup_close) = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int error = -errno;
		err_set(err, "cannot open %s: %s", name, strerror(-error));
		return error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		if (error == -EADDRINUSE) {
			err_set(err, "another meshd answers at %s", path);
		} else {
			err_set(err, "cannot lock %s: %s", name, strerror(-error));
		}
		return error;
	}
	return steal_fd(&fd);
}

int server_lock(const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd CLEANUP(cleanup_close) = take_lock(path, err);

	if (fd < 0) {
		return steal_fd(&fd);
	}
	/* The file of the lock may have been removed under a server that still answers. */
	text_copy(address.sun_path, sizeof(address.sun_path), path);
	int error = ask_address(&address, err);
	return error < 0 ? error : steal_fd(&fd);
}

/* Removes what a dead process left at the address. */
static int clear_address(const struct sockaddr_un *address, struct err *err)
{
	struct stat status;

	if (lstat(address->sun_path, &status) != 0) {
		return 0; /* nothing there; what else is wrong, bind() will say */
	}
	if (!S_ISSOCK(status.st_mode)) {
		err_set(err, "%s is there and is no socket; remove it", address->sun_path);
		return -EEXIST;
	}
	int error = ask_address(address, err);
	if (error < 0) {
		return error;
	}
	if (unlink(address->sun_path) != 0) {
		error = -errno;
		err_set(err, "cannot remove the old %s: %s", address->sun_path, strerror(-error));
		return error;
	}
	return 0;
}

/* The mode is set before bind() makes the file, so it is never more open, and again after it, since
 * the umask may have taken bits away. */
static int listen_at(const struct sockaddr_un *address, struct err *err)
{
	int fd CLEANUP(cleanup_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || fchmod(fd, 0660) != 0 ||
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		int error = -errno;
		err_set(err, "cannot make the socket %s: %s", address->sun_path, strerror(-error));
		return error;
	}
	if (chmod(address->sun_path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
		int error = -errno;
		unlink(address->sun_path);
		err_set(err, "cannot listen at %s: %s", address->sun_path, strerror(-error));
		return error;
	}
	return steal_fd(&fd);
}

bool address_is_lock(const char *path, int fd)
{
	char name[LOCK_SIZE];
	struct stat held;
	struct stat there;

	snprintf(name, sizeof(name), "%s" LOCK_SUFFIX, path);
	return fd >= 0 && fstat(fd, &held) == 0 && lstat(name, &there) == 0 &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static int remember_file(struct server *server)
{
	return lstat(server->address.sun_path, &server->file) != 0 ? -errno : 0;
}

int address_take(struct server *server, struct err *err)
{
	const char *path = server->address.sun_path;
	int error = make_directory(path, err);

	if (error == 0 && !address_is_lock(path, server->lock)) {
		int lock = take_lock(path, err);
		if (lock >= 0) {
			cleanup_close(&server->lock);
			server->lock = lock;
		}
		error = lock < 0 ? lock : 0;
	}
	if (error == 0) {
		error = clear_address(&server->address, err);
	}
	if (error == 0) {
		server->listener = listen_at(&server->address, err);
		error = server->listener < 0 ? server->listener : remember_file(server);
	}
	return error;
}

int address_watch(struct server *server)
{
	/* Its link count changes when the file is removed; the socket keeps the rest alive. Without
	 * inotify (each user has so many) a removed file is noticed at the next reload. */
	if (server->watch >= 0 && inotify_add_watch(server->watch, server->address.sun_path,
					  IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF) < 0) {
		log_warning("control", "cannot watch %s: %s", server->address.sun_path,
			strerror(errno));
	}
	return remember_file(server);
}

/* Is the file at PATH the one that the server made? */
static bool address_is_ours(const struct server *server)
{
	struct stat there;

	return lstat(server->address.sun_path, &there) == 0 &&
	       there.st_dev == server->file.st_dev && there.st_ino == server->file.st_ino;
}

static void drain(int inotify)
{
	char events[1024] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(inotify, events, sizeof(events)) > 0) {
	}
}

void server_keep_address(struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int old = server->listener;
	struct err err = {0};

	if (server->watch >= 0) {
		drain(server->watch);
	}
	if (address_is_ours(server)) {
		return;
	}
	if (address_take(server, &err) < 0) {
		if (server->listener != old) {
			cleanup_close(&server->listener);
		}
		server->listener = old;
		log_error("control",
			"the socket was removed and cannot be made anew: %s; a reload (SIGHUP) "
			"tries again",
			err.text);
		return;
	}
	/* A process that was just forked may hold a copy, so that closing it is not enough. */
	epoll_ctl(server->epoll, EPOLL_CTL_DEL, old, NULL);
	close(old);
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) != 0 ||
		address_watch(server) != 0) {
		log_error("control", "cannot watch the socket %s: %s", server->address.sun_path,
			strerror(errno));
		return;
	}
	log_warning("control", "somebody removed the socket %s; it is there again",
		server->address.sun_path);
}

void address_leave(const struct server *server)
{
	if (address_is_ours(server)) {
		unlink(server->address.sun_path);
	}
}
