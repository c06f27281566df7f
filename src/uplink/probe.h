/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to one target over one way: a socket at a time, without waiting. */
#ifndef UPLINK_PROBE_H
#define UPLINK_PROBE_H

#include "base/dns_message.h"
#include "uplink/icmp.h"
#include "uplink/probe_socket.h"
#include "uplink/targets.h"

/* Why a target did not answer, besides errno. */
enum probe_error {
	PROBE_ERROR_FIRST = 1000,
	PROBE_ERROR_UNEXPECTED = PROBE_ERROR_FIRST, /* http: another status */
	PROBE_ERROR_OTHER_TEXT,                     /* http: another body */
	PROBE_ERROR_MALFORMED,                      /* not the protocol's */
	PROBE_ERROR_NOT_RESOLVED,                   /* http: no name server gave an answer */
	PROBE_ERROR_NO_ADDRESS,                     /* http: the answer has none */
	PROBE_ERROR_RCODE,                          /* and, above, dns: the answer's code */
};

/* What is remembered of a target. */
struct probe_outcome {
	double time; /* 0 = not asked yet */
	double rtt;  /* of an answer */
	int error;   /* 0 = answered; errno or enum probe_error */
	int status;  /* of an HTTP answer */
};

enum probe_state {
	PROBE_WAITING, /* http: for a name server to be found */
	PROBE_RUNNING,
	PROBE_ENDED,
};

struct http_work;

struct probe {
	const struct target *target;
	enum probe_state state;
	struct probe_outcome outcome; /* once it ended */
	int fd;                       /* -1 = none */
	double started;
	unsigned int bytes;       /* of IP packets, sent and received, about */
	unsigned int strangers;   /* packets that were no answer to it */
	struct icmp_echo echo;    /* ping */
	uint16_t id;              /* dns */
	struct ip server;         /* dns: asked */
	struct dns_answer answer; /* dns */
	struct http_work *http;
};

/* What the probes of a round share. */
struct probe_scene {
	struct probe_way way;
	int epoll;
	uint64_t tag;         /* of the next socket watched */
	const char *dns_name; /* asked for at name servers */
	double now;
};

/* The verbs of a kind. start and resend: 0 or -errno. */
struct probe_verbs {
	int (*start)(struct probe *probe, const struct probe_scene *scene);
	/* Packets may be lost: a second try within the round. May be NULL. */
	int (*resend)(struct probe *probe, const struct probe_scene *scene);
	void (*on_ready)(struct probe *probe, const struct probe_scene *scene);
};
const struct probe_verbs *probe_verbs(enum probe_kind kind);
extern const struct probe_verbs probe_ping_verbs;
extern const struct probe_verbs probe_tcp_verbs;
extern const struct probe_verbs probe_dns_verbs;
extern const struct probe_verbs probe_http_verbs;

/* http: is there a name to be resolved first? Then its start needs a server, below. */
bool probe_needs_server(const struct target *target);
/* http, before its start: the name server to ask, or the addresses that are known. -ENOMEM. */
int probe_http_give(struct probe *probe, const struct ip *server, const struct dns_answer *answer);
void probe_http_free(struct probe *probe);

/* It ended: error as in the outcome. Closes its socket. */
void probe_end(struct probe *probe, double now, int error);
void probe_close(struct probe *probe);
/* "does not answer", "answers SERVFAIL", ... */
void probe_error_format(const struct probe_outcome *outcome, char *text, size_t size);

/* Watches the probe's socket for events. 0 or -errno. */
int probe_watch(const struct probe *probe, const struct probe_scene *scene, unsigned int events);
/* dns and http: asks server for name on a new socket. 0 or -errno. */
int probe_dns_ask(struct probe *probe, const struct probe_scene *scene, const struct ip *server,
	const char *name);
int probe_dns_ask_again(struct probe *probe, const struct probe_scene *scene, const char *name);
/* Reads until the answer is there. 1 = it is in probe->answer, 0 = more to wait for, -errno. */
int probe_dns_read(struct probe *probe, const struct probe_scene *scene, const char *name);

#endif
