// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/paths.h"
#include "vmm/say.h"

#define CLIENTS_MAX        80
#define CLIENTS_MAX_OTHERS 64 /* root is heard, however many others there are */
#define GROUPS_MAX         256

/* What VMs get to end by themselves, and then to be ended, when caissond ends. */
#define POWERDOWN_MS 15000
#define QUIT_MS      3000
#define POOL_MS      200

enum exit_status {
	STATUS_ENDED = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

/* ---- requests of anybody ----------------------------------------------------------------- */

static const char *state_of(const struct daemon_vm *vm)
{
	if (vm->ending)
		return "ending";
	/* Of a VM that comes, or has gone: EL2 may have nothing of it. */
	if (vm->note[0] != '\0')
		return vm->note;
	if (!vm->made)
		return "starting";
	return vm->paused ? "paused" : "running";
}

static enum err list(struct rpc_call *call)
{
	const struct daemon *d = ((struct daemon_client *)call->client)->daemon;

	call->result = json_array();
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		const struct daemon_vm *vm = d->vm[i];
		json_t *one;

		if (vm == NULL)
			continue;
		one = json_pack("{s:s,s:s,s:i,s:i,s:I,s:i}", "name", vm->name, "state",
				state_of(vm), "number", vm->made ? (int)vm->number : -1, "cpus",
				(int)vm->cpus, "memory", (json_int_t)vm->ram_bytes, "pid",
				(int)vm->pid);
		guestreport_describe(&vm->guest, one);
		(void)json_array_append_new(call->result, one);
	}
	return ERR_OK;
}

static enum err kill_vm(struct rpc_call *call)
{
	struct daemon *d = ((struct daemon_client *)call->client)->daemon;
	const char *name = rpc_text(call, "name");
	struct daemon_vm *vm = name != NULL ? daemon_find_vm(d, name) : NULL;

	if (name == NULL)
		return ERR_INVALID;
	if (vm == NULL)
		return rpc_fail(call, ERR_NOT_FOUND, "there is no virtual machine called %s", name);
	daemon_kill(vm);
	return ERR_OK;
}

/* The file for the messages of a VMM that has no terminal. */
static enum err open_log(struct rpc_call *call)
{
	struct daemon_vm *vm = ((struct daemon_client *)call->client)->vm;
	int file;

	if (vm == NULL)
		return rpc_fail(call, ERR_NOT_FOUND, "this connection has no virtual machine");
	file = daemon_open_log(vm);
	if (file < 0)
		return rpc_fail(call, ERR_DENIED, "cannot open %s/%s.log: %s", PATHS_LOG, vm->name,
				strerror(errno));
	call->close_fd = true;
	call->fd = file;
	return ERR_OK;
}

static const struct rpc_command commands[] = {
	{"attach", daemon_attach},
	{"create", daemon_create},
	{"donate", daemon_donate},
	{"end", daemon_end},
	{"kill", kill_vm},
	{"list", list},
	{"log", daemon_log},
	{"open-log", open_log},
	{"remove", daemon_remove},
	{"set-guest", daemon_set_guest},
	{"set-state", daemon_set_state},
	{"start", daemon_start},
	{NULL, NULL},
};

/* ---- connections ------------------------------------------------------------------------- */

static void on_message(void *arg, json_t *message)
{
	struct daemon_client *client = arg;

	rpc_dispatch(commands, client, &client->wire, message);
}

static void on_closed(void *arg)
{
	struct daemon_client *client = arg;

	client->daemon->clients--;
	if (client->vm != NULL) {
		client->vm->client = NULL;
		daemon_bury(client->vm);
	}
	free(client);
}

static bool is_in_group(int fd, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t bytes = sizeof(groups);

	if (group == 0 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) != 0)
		return false;
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool may_ask(const struct daemon *d, int fd, struct ucred *peer)
{
	socklen_t bytes = sizeof(*peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &bytes) == 0 &&
	       (peer->uid == 0 || (d->group != 0 && peer->gid == d->group) ||
		is_in_group(fd, d->group));
}

/* Takes fd over. */
static void add_client(struct daemon *d, int fd, const struct ucred *peer)
{
	struct daemon_client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		(void)close(fd);
		return;
	}
	client->daemon = d;
	client->pid = peer->pid;
	client->uid = peer->uid;
	if (wire_init(&client->wire, fd) != ERR_OK ||
	    wire_attach(&client->wire, &d->loop, on_message, on_closed, client) != ERR_OK) {
		wire_close(&client->wire);
		free(client);
		return;
	}
	d->clients++;
}

static void on_accept(void *arg, unsigned int events)
{
	struct daemon *d = arg;
	int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;

	if (fd < 0)
		return;
	if (may_ask(d, fd, &peer) &&
	    d->clients < (peer.uid == 0 ? CLIENTS_MAX : CLIENTS_MAX_OTHERS))
		add_client(d, fd, &peer);
	else
		(void)close(fd);
}

/* ---- the end ----------------------------------------------------------------------------- */

static void send_to_all(struct daemon *d, const char *event)
{
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL && d->vm[i]->client != NULL && !d->vm[i]->ending)
			rpc_event(&d->vm[i]->client->wire, event, NULL);
	}
}

/* Politely, then plainly, then at once. */
static void on_stop_timer(void *arg, unsigned int events)
{
	static const struct {
		const char *event;
		uint64_t ms;
	} step[] = {{"powerdown", POWERDOWN_MS}, {"quit", QUIT_MS}};
	struct daemon *d = arg;

	if (d->stop_step < ARRAY_SIZE(step)) {
		send_to_all(d, step[d->stop_step].event);
		if (loop_start_timer(&d->stop, step[d->stop_step++].ms) == ERR_OK)
			return;
	}
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL && !d->vm[i]->ending)
			daemon_kill(d->vm[i]);
	}
}

static void on_terminate(void *arg, unsigned int events)
{
	struct daemon *d = arg;

	if (d->stopping)
		return;
	d->stopping = true;
	if (!daemon_has_vms(d)) {
		loop_stop(&d->loop);
		return;
	}
	/* A VMM that has not come back yet is told when it has (daemon_attach()). */
	say("stopping all virtual machines");
	on_stop_timer(d, 0);
}

static void on_pool_timer(void *arg, unsigned int events)
{
	struct daemon *d = arg;

	if (!pages_shrink_pool() && !daemon_has_vms(d) &&
	    loop_start_timer(&d->pool, POOL_MS) != ERR_OK)
		say("cannot start a timer");
}

/* ---- the start --------------------------------------------------------------------------- */

/* Where VMMs of the group note what becomes of moves, too; without it none can come here. */
static void make_moves(const struct daemon *d)
{
	(void)mkdir("/var/lib", 0755);
	(void)mkdir(PATHS_LIB, 0755);
	if ((mkdir(PATHS_MOVES, 0770) != 0 && errno != EEXIST) ||
	    chown(PATHS_MOVES, 0, d->group) != 0 || chmod(PATHS_MOVES, 02770) != 0)
		say("cannot make %s: %s", PATHS_MOVES, strerror(errno));
}

static enum err make_folders(void)
{
	if ((mkdir(PATHS_RUN, 0755) == 0 || errno == EEXIST) &&
	    (mkdir(PATHS_STATE, 0700) == 0 || errno == EEXIST))
		return ERR_OK;
	say("cannot make %s: %s", PATHS_STATE, strerror(errno));
	return ERR_DENIED;
}

/* Held until the process ends. */
static enum err be_the_only_one(void)
{
	int lock = open(PATHS_STATE "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	say(lock >= 0 ? "caissond runs already" : "cannot open the lock in %s", PATHS_STATE);
	return ERR_BUSY;
}

static enum err start_loop(struct daemon *d)
{
	if (loop_init(&d->loop) == ERR_OK &&
	    loop_add_signal(&d->loop, &d->terminate, SIGTERM, on_terminate, d) == ERR_OK &&
	    loop_add_signal(&d->loop, &d->interrupt, SIGINT, on_terminate, d) == ERR_OK &&
	    loop_add_timer(&d->loop, &d->stop, on_stop_timer, d) == ERR_OK &&
	    loop_add_timer(&d->loop, &d->pool, on_pool_timer, d) == ERR_OK &&
	    daemon_init_events(d) == ERR_OK && daemon_init_requests(d) == ERR_OK &&
	    daemon_init_report(d) == ERR_OK)
		return ERR_OK;
	say("cannot wait for events: %s", strerror(errno));
	return ERR_NO_MEMORY;
}

static enum err listen_for_all(struct daemon *d)
{
	d->group = daemon_find_group(PATHS_GROUP);
	d->listener = wire_listen(PATHS_DAEMON, d->group != 0 ? 0660 : 0600);
	if (d->listener >= 0 && chown(PATHS_DAEMON, 0, d->group) == 0 &&
	    loop_add_fd(&d->loop, &d->accept, d->listener, LOOP_READ, on_accept, d) == ERR_OK)
		return ERR_OK;
	say("cannot listen at %s: %s", PATHS_DAEMON, strerror(errno));
	return ERR_DENIED;
}

/* To who has started it and waits: systemd, for a service of Type=notify (sd_notify(3)). */
static void tell_ready(void)
{
	static const char ready[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t bytes = path != NULL ? strlen(path) : 0;
	int fd;

	say("ready");
	if (bytes == 0 || bytes >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, bytes);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0'; /* a name that is not in the file system */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, ready, strlen(ready), MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes)) < 0)
		say("cannot say at %s that it is ready: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

static enum exit_status serve(void)
{
	static struct daemon daemon;

	(void)signal(SIGPIPE, SIG_IGN);
	if (hyp_open(&daemon.management) != ERR_OK || make_folders() != ERR_OK ||
	    be_the_only_one() != ERR_OK || pages_init() != ERR_OK || start_loop(&daemon) != ERR_OK)
		return STATUS_FAILED;
	daemon_adopt_all(&daemon);
	(void)pages_shrink_pool();
	if (listen_for_all(&daemon) != ERR_OK)
		return STATUS_FAILED;
	make_moves(&daemon);
	tell_ready();
	if (loop_run(&daemon.loop) != ERR_OK)
		return STATUS_FAILED;
	(void)unlink(PATHS_DAEMON);
	say("ended");
	return STATUS_ENDED;
}

static const char usage[] =
	"usage: caissond\n"
	"\n"
	"Owns the memory and the life of Caisson's user VMs; caisson asks it. Runs in the\n"
	"foreground until SIGTERM, which stops all virtual machines first. See caissond(8).\n";

int main(int argc, char **argv)
{
	say_as("caissond");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return STATUS_ENDED;
	}
	if (argc != 1) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	return serve();
}
