/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MESHCTL_DERIVE_H
#define MESHCTL_DERIVE_H

/* The command "derive": prints all that a node derives from its SSID and MAC; asks neither daemon
 * nor kernel. argv[0] is the command. Returns the exit code: 0, 1 (bad template) or 4 (usage). */
int derive_main(int argc, char **argv);

#endif
