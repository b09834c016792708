// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/daemon.h"
#include "vmm/paths.h"
#include "vmm/say.h"

/*
 * What somebody at the host UI wants, and what became of it. Stop is the power button, as with
 * `caisson stop`. Restart is the power button too, and the VM's own process, which has its
 * settings, starts it again: however it was started. Start is what an administrator would type.
 */

#define PATIENCE_MS 90000 /* as `caisson stop`; vmm/vmm.c knows of it */
#define START_MS    30000 /* for a unit of systemd's: how that ends is in the journal */
#define ERROR_BYTES 256

#define SYSTEMD_RUNS "/run/systemd/system" /* sd_booted(3) */

/* ---- stop and restart ---------------------------------------------------------------------- */

static void on_patience(void *arg, unsigned int events)
{
	struct daemon_vm *vm = arg;

	vm->wish = DAEMON_WISH_NONE;
	daemon_tell_host(vm->daemon,
			 "%s is not off after %d s (caisson stop --force %s takes its power)",
			 vm->name, PATIENCE_MS / 1000, vm->name);
}

static bool can_press(const struct daemon_vm *vm)
{
	struct daemon *d = vm->daemon;

	if (vm->ending)
		daemon_tell_host(d, "%s is ending already", vm->name);
	else if (vm->client == NULL)
		daemon_tell_host(d, "%s: its process is not connected: try again", vm->name);
	else if (vm->paused)
		daemon_tell_host(d, "%s is paused (caisson resume %s)", vm->name, vm->name);
	else
		return true;
	return false;
}

static void press_button(struct daemon_vm *vm, enum daemon_wish wish)
{
	bool again = wish == DAEMON_WISH_RESTART;

	if (!can_press(vm))
		return;
	if (vm->patience.event == NULL &&
	    loop_add_timer(&vm->daemon->loop, &vm->patience, on_patience, vm) != ERR_OK)
		say("cannot make a timer");
	else if (loop_start_timer(&vm->patience, PATIENCE_MS) != ERR_OK)
		say("cannot start a timer");
	vm->wish = wish;
	rpc_event(&vm->client->wire, again ? "restart" : "powerdown", NULL);
	daemon_tell_host(vm->daemon, "%s: power button pressed%s", vm->name,
			 again ? ", to be started again" : "");
}

/* ---- start --------------------------------------------------------------------------------- */

static void on_no_start(void *arg, unsigned int events)
{
	struct daemon *d = arg;

	daemon_tell_host(d, "%s does not run yet (journalctl -u caisson@%s)", d->starter.name,
			 d->starter.name);
}

/* The first line of what it said; empty: nothing. */
static void read_error(int from, char text[ERROR_BYTES])
{
	ssize_t got = read(from, text, ERROR_BYTES - 1);

	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void on_exited(void *arg, unsigned int events)
{
	struct daemon *d = arg;
	struct daemon_starter *s = &d->starter;
	char error[ERROR_BYTES];
	int status;

	if (waitpid(s->pid, &status, WNOHANG) != s->pid)
		return;
	loop_remove(&s->exited);
	(void)close(s->pidfd);
	s->pid = 0;
	read_error(s->errors, error);
	(void)close(s->errors);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		s->awaited = false;
		daemon_tell_host(d, "%s: %s", s->name,
				 error[0] != '\0' ? error : "could not be started");
	} else if (s->awaited && loop_start_timer(&s->timer, START_MS) != ERR_OK) {
		say("cannot start a timer");
	}
}

/* Its messages come by *errors. ERR_*: and errno. */
static enum err spawn(const char *const argv[], pid_t *pid, int *errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t ignored;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return ERR_NO_MEMORY;
	(void)sigemptyset(&ignored);
	(void)sigaddset(&ignored, SIGPIPE);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigdefault(&attributes, &ignored);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	error = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv,
			     environ); /* not written to */
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	(void)close(ends[1]);
	*errors = ends[0];
	if (error == 0)
		return ERR_OK;
	(void)close(ends[0]);
	errno = error;
	return ERR_NOT_FOUND;
}

static enum err spawn_start(struct daemon_starter *s)
{
	char unit[CONFIG_NAME_BYTES + 32], file[CONFIG_NAME_BYTES + 32];
	const char *const by_unit[] = {"systemctl", "start", unit, NULL};
	const char *const by_hand[] = {"caisson", "run",      "--detach", "--name",
				       s->name,   "--config", file,       NULL};

	(void)snprintf(unit, sizeof(unit), "caisson@%s.service", s->name);
	(void)snprintf(file, sizeof(file), PATHS_CONFIG "/%s.conf", s->name);
	return spawn(access(SYSTEMD_RUNS, F_OK) == 0 ? by_unit : by_hand, &s->pid, &s->errors);
}

static void start(struct daemon *d, const char *name)
{
	struct daemon_starter *s = &d->starter;

	if (name == NULL || d->stopping) {
		daemon_tell_host(d, d->stopping ? "caissond is ending"
						: "There is another list of machines: try again");
		return;
	}
	if (s->pid != 0) {
		daemon_tell_host(d, "%s is being started: try again", s->name);
		return;
	}
	loop_stop_timer(&s->timer);
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->awaited = true;
	if (spawn_start(s) != ERR_OK) {
		s->pid = 0;
		daemon_tell_host(d, "%s: cannot start a process: %s", name, strerror(errno));
		return;
	}
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd < 0 ||
	    loop_add_fd(&d->loop, &s->exited, s->pidfd, LOOP_READ, on_exited, d) != ERR_OK)
		say("cannot wait for %s to start", name);
}

/* -------------------------------------------------------------------------------------------- */

enum err daemon_init_requests(struct daemon *d)
{
	return loop_add_timer(&d->loop, &d->starter.timer, on_no_start, d);
}

void daemon_request(struct daemon *d, const struct event *event)
{
	if (event->type == EVENT_START) {
		start(d, daemon_off_name(event->vm, event->vcpu));
		return;
	}
	for (uint32_t i = 0; i < CAISSON_MAX_VMS; i++) {
		if (d->vm[i] != NULL && d->vm[i]->made && d->vm[i]->number == event->vm) {
			press_button(d->vm[i], event->type == EVENT_RESTART ? DAEMON_WISH_RESTART
									    : DAEMON_WISH_STOP);
			return;
		}
	}
	daemon_tell_host(d, "This machine has just ended");
}

void daemon_has_started(struct daemon_vm *vm)
{
	struct daemon *d = vm->daemon;

	if (vm->wish == DAEMON_WISH_RESTART) {
		vm->wish = DAEMON_WISH_NONE;
		loop_stop_timer(&vm->patience);
		daemon_tell_host(d, "%s has started again", vm->name);
	}
	if (d->starter.awaited && strcmp(d->starter.name, vm->name) == 0) {
		d->starter.awaited = false;
		loop_stop_timer(&d->starter.timer);
		daemon_tell_host(d, "%s has started", vm->name);
	}
	daemon_report_soon(d);
}

void daemon_has_ended(struct daemon_vm *vm)
{
	if (vm->wish == DAEMON_WISH_STOP)
		daemon_tell_host(vm->daemon, "%s has stopped", vm->name);
	else if (vm->wish == DAEMON_WISH_RESTART)
		daemon_tell_host(vm->daemon, "%s has ended and was not started again", vm->name);
	loop_remove(&vm->patience);
	daemon_report_soon(vm->daemon);
}
