// SPDX-License-Identifier: BSD-2-Clause
/*
 * pester PID SEED [pinned]: makes the life of a VMM's vCPU threads hard until it ends: moves them
 * between CPUs (not when "pinned"), changes their priorities, and sends them signals while they
 * run. A thread that sleeps gets none: it would see what a lost wake-up kept from it. At the end a
 * line with the numbers.
 */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/lib/rand.h"

#define THREADS_MAX  64
#define PAUSE_MAX_NS 3000000
#define NICE_MAX     10
#define VCPU_NAME    "vcpu"

struct thread {
	pid_t id;
	char state;
};

struct pestering {
	pid_t process;
	uint64_t random;
	int cpus;
	unsigned long signals, moves, priorities;
};

/* False: it is no vCPU's thread, or none any more. */
static bool read_thread(pid_t process, pid_t id, struct thread *thread)
{
	char path[64], name[17];
	FILE *file;
	int found;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", process, id);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	found = fscanf(file, "%*d (%16[^)]) %c", name, &thread->state);
	(void)fclose(file);
	thread->id = id;
	return found == 2 && strncmp(name, VCPU_NAME, strlen(VCPU_NAME)) == 0;
}

/* How many vCPUs' threads there are; 0 when the process has ended. */
static unsigned int read_threads(pid_t process, struct thread *threads)
{
	unsigned int count = 0;
	struct dirent *entry;
	char path[32];
	DIR *folder;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", process);
	folder = opendir(path);
	while (folder != NULL && count < THREADS_MAX && (entry = readdir(folder)) != NULL)
		count += read_thread(process, (pid_t)strtol(entry->d_name, NULL, 10),
				     &threads[count]);
	if (folder != NULL)
		(void)closedir(folder);
	return count;
}

/* To one CPU, or to any. */
static void move(struct pestering *p, const struct thread *thread)
{
	uint64_t cpu = rand_below(&p->random, (uint64_t)p->cpus * 2);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < p->cpus; i++) {
		if (cpu >= (uint64_t)p->cpus || cpu == (uint64_t)i)
			CPU_SET(i, &set);
	}
	p->moves += sched_setaffinity(thread->id, sizeof(set), &set) == 0;
}

static void pester(struct pestering *p, const struct thread *thread)
{
	switch (rand_below(&p->random, 4)) {
	case 0:
		if (p->cpus != 0)
			move(p, thread);
		break;
	case 1:
		p->priorities += setpriority(PRIO_PROCESS, (id_t)thread->id,
					     (int)rand_below(&p->random, NICE_MAX)) == 0;
		break;
	default:
		if (thread->state == 'R')
			p->signals += syscall(SYS_tgkill, p->process, thread->id, SIGUSR1) == 0;
		break;
	}
}

int main(int argc, char **argv)
{
	struct thread threads[THREADS_MAX];
	struct pestering p = {0};
	unsigned int count;

	if (argc < 3) {
		(void)fputs("usage: pester PID SEED [pinned]\n", stderr);
		return 2;
	}
	p.process = (pid_t)strtol(argv[1], NULL, 10);
	p.random = strtoul(argv[2], NULL, 10);
	p.cpus = argc > 3 ? 0 : (int)sysconf(_SC_NPROCESSORS_ONLN);
	while (kill(p.process, 0) == 0) {
		struct timespec pause = {.tv_nsec = (long)rand_below(&p.random, PAUSE_MAX_NS)};

		count = read_threads(p.process, threads);
		if (count != 0)
			pester(&p, &threads[rand_below(&p.random, count)]);
		(void)nanosleep(&pause, NULL);
	}
	printf("pester: %lu signals, %lu moves, %lu priorities\n", p.signals, p.moves,
	       p.priorities);
	return 0;
}
