/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUN_DIR/dnsmasq.conf: a new text is tried with "dnsmasq --test" before it takes the place of the
 * last good one. */
#ifndef LOOP_DNSMASQ_CONFIG_H
#define LOOP_DNSMASQ_CONFIG_H

#include <stdint.h>

#include <ev.h>

#include "core/problem.h"

struct dnsmasq_config;

/* on_news(context) is called when a test has ended or may be made again: the text that is wanted
 * then has to be offered. 0 or -ENOMEM. */
int dnsmasq_config_open(struct dnsmasq_config **out, struct ev_loop *loop, const char *run_dir,
	void (*on_news)(void *context), void *context);
void dnsmasq_config_close(struct dnsmasq_config *config);
/* Ends a test that is under way; the text has to be offered anew. */
void dnsmasq_config_stop(struct dnsmasq_config *config);
/* Offers the text that is wanted; tested with program. */
void dnsmasq_config_offer(struct dnsmasq_config *config, const char *program, const char *text);
/* A number that is another one for another text in force; 0 = there is none yet. */
uint64_t dnsmasq_config_version(const struct dnsmasq_config *config);
/* Adds why the newest text is not in force. 0 or -ENOMEM. */
int dnsmasq_config_problems(const struct dnsmasq_config *config, struct problem_list *problems);

#endif
