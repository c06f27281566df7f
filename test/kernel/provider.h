/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two providers, each a network namespace with the same "Internet" in it: two hosts that answer
 * pings, a name server and a web server on both, and a TCP port. This process is the customer: wan0
 * leads to one provider, mesh0 to the other, and the routes prefer mesh0. */
#ifndef KERNEL_PROVIDER_H
#define KERNEL_PROVIDER_H

#include <stdbool.h>
#include <sys/types.h>

enum provider_name {
	PROVIDER_WAN,
	PROVIDER_MESH,
	PROVIDERS,
};

enum dns_mode {
	DNS_ANSWERS, /* example.org is the second host */
	DNS_SILENT,
	DNS_SERVFAIL,
	DNS_NO_NAME, /* NXDOMAIN */
	DNS_WRONG_ID,
	DNS_FROM_ELSEWHERE, /* the answer comes from the other host */
};

enum http_mode {
	HTTP_204,
	HTTP_TEXT, /* 200 and "success" */
	HTTP_REDIRECT,
	HTTP_WRONG_TEXT,
	HTTP_HUGE, /* an endless body, after HTTP_TEXT's beginning */
	HTTP_ENDLESS_HEAD,
	HTTP_DRIP, /* a byte each 100 ms */
	HTTP_SILENT,
	HTTP_NONSENSE,
	HTTP_HALF, /* the first host redirects, the second answers 204 */
};

/* Shared with the server's process. */
struct provider_modes {
	volatile int dns;
	volatile int http;
	volatile int questions; /* that came to the name servers */
};

struct provider {
	pid_t server;
	struct provider_modes *modes;
};

/* In a new namespace of this process. */
void provider_start(struct provider providers[PROVIDERS]);
void provider_stop(struct provider providers[PROVIDERS]);
void provider_run(const struct provider *provider, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Waits until the other end of a new link answers: the first packets may be lost. */
void provider_reach(const char *address);

#endif
