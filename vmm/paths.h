/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_PATHS_H
#define VMM_PATHS_H

/*
 * Where caissond and the VMMs find each other. NAME/ is a VM's own folder: caissond makes it and
 * gives it to the VMM's user, and to the group caisson.
 */
#define PATHS_RUN     "/run/caisson"
#define PATHS_DAEMON  PATHS_RUN "/caissond.sock"
#define PATHS_STATE   PATHS_RUN "/.state"     /* caissond's own: what a next one has to know */
#define PATHS_PAGES   PATHS_RUN "/.hugepages" /* a hugetlbfs: the VMs' memory */
#define PATHS_CONFIG  "/etc/caisson"          /* NAME.conf: a VM that is defined */
#define PATHS_LOG     "/var/log/caisson"      /* NAME.log: a detached VMM's messages */
#define PATHS_LIB     "/var/lib/caisson"
#define PATHS_MOVES   PATHS_LIB "/moves" /* what became of VMs that came from elsewhere */
#define PATHS_CONTROL "control.sock"     /* in NAME/ */
#define PATHS_CONSOLE "console.sock"
#define PATHS_AGENT   "agent.sock"
#define PATHS_GROUP   "caisson"
#define PATHS_MAX     108 /* of a socket's address, with the NUL */

#endif
