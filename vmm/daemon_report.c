// SPDX-License-Identifier: BSD-2-Clause
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/hostreport.h"
#include "vmm/daemon.h"
#include "vmm/paths.h"
#include "vmm/pin.h"
#include "vmm/say.h"

/*
 * What the host UI shows of the service VM. Nobody tells of another host name, address or file of
 * settings, so it is all looked at anew every few seconds, and sent, as a sign of life too.
 */

#define REPORT_MS 3000

_Static_assert(HOST_REPORT_VM_BYTES == CONFIG_NAME_BYTES, "names fit");
_Static_assert(HOST_REPORT_ADDRESS_BYTES >= INET6_ADDRSTRLEN, "addresses fit");

/* Pinned, since EL2 reads it. */
static uint8_t page[4096] __attribute__((aligned(4096)));
static struct host_report *const report = (struct host_report *)page;

/* ---- what there is to tell ----------------------------------------------------------------- */

/*
 * The address that others are shown: the one a packet to this documentation address (RFC 5737,
 * RFC 3849) would have. Nothing is sent.
 */
static bool find_address(int family, char *text, socklen_t bytes)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(9)};
	bool is_four = family == AF_INET;
	struct sockaddr *address = is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	socklen_t length = is_four ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	(void)inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
	(void)inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	found = fd >= 0 && connect(fd, address, length) == 0 &&
		getsockname(fd, address, &length) == 0 &&
		inet_ntop(family, is_four ? (void *)&four.sin_addr : (void *)&six.sin6_addr, text,
			  bytes) != NULL;
	if (fd >= 0)
		(void)close(fd);
	return found;
}

/* SMBIOS's product or the device tree's model: the first line, or nothing. */
static void find_machine(char *text, size_t bytes)
{
	static const char *const path[] = {"/sys/class/dmi/id/product_name",
					   "/proc/device-tree/model"};
	FILE *file = NULL;

	for (uint32_t i = 0; i < ARRAY_SIZE(path) && file == NULL; i++)
		file = fopen(path[i], "re");
	if (file == NULL)
		return;
	if (fgets(text, (int)bytes, file) == NULL)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)fclose(file);
}

/* proc(5): /proc/stat, the first line. Guests' time, the ninth and tenth figure, is in the first
 * ones. */
static uint64_t busy_us(void)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIGURES };
	uint64_t t[FIGURES], ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/stat", "re");
	int got = 0;

	if (file != NULL) {
		got = fscanf(file,
			     "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			     " %" SCNu64 " %" SCNu64,
			     &t[USER], &t[NICE], &t[SYSTEM], &t[IDLE], &t[IOWAIT], &t[IRQ],
			     &t[SOFTIRQ]);
		(void)fclose(file);
	}
	if (got != FIGURES)
		return 0;
	return (t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ]) * (1000000 / ticks);
}

/* "web.conf": web. */
static bool take_name(const struct dirent *entry, char name[CONFIG_NAME_BYTES])
{
	const char *dot = strrchr(entry->d_name, '.');
	size_t length = dot != NULL ? (size_t)(dot - entry->d_name) : 0;

	if (dot == NULL || strcmp(dot, ".conf") != 0 || length >= CONFIG_NAME_BYTES)
		return false;
	memset(name, 0, CONFIG_NAME_BYTES);
	memcpy(name, entry->d_name, length);
	return config_is_name(name);
}

/* VMs that are defined and not there. */
static void list_off(struct daemon *d)
{
	char off[HOST_REPORT_VMS][CONFIG_NAME_BYTES] = {0};
	char name[CONFIG_NAME_BYTES];
	struct dirent **entry = NULL;
	int entries = scandir(PATHS_CONFIG, &entry, NULL, alphasort);

	report->off_count = 0;
	report->off_left_out = 0;
	for (int i = 0; i < entries; i++) {
		if (take_name(entry[i], name) && daemon_find_vm(d, name) == NULL) {
			if (report->off_count < HOST_REPORT_VMS)
				memcpy(off[report->off_count++], name, sizeof(name));
			else
				report->off_left_out++;
		}
		free(entry[i]);
	}
	free(entry);
	if (memcmp(report->off, off, sizeof(off)) == 0)
		return;
	memcpy(report->off, off, sizeof(off));
	report->off_serial++;
}

const char *daemon_off_name(uint32_t serial, uint32_t place)
{
	if (report->off_serial % CAISSON_MAX_VMS != serial || place >= report->off_count)
		return NULL;
	return report->off[place];
}

/* ---- sending ------------------------------------------------------------------------------- */

static void look(struct daemon *d)
{
	memset(report->name, 0, sizeof(report->name));
	(void)gethostname(report->name, sizeof(report->name) - 1);
	memset(report->address, 0, sizeof(report->address));
	if (!find_address(AF_INET, report->address, sizeof(report->address)) &&
	    !find_address(AF_INET6, report->address, sizeof(report->address)))
		report->address[0] = '\0';
	memset(report->machine, 0, sizeof(report->machine));
	find_machine(report->machine, sizeof(report->machine));
	report->busy_us = busy_us();
	list_off(d);
	daemon_report_guests(d, report->guest);
}

/* With the first report that is taken it is known that there is somebody to hear from, too. */
static void on_timer(void *arg, unsigned int events)
{
	struct daemon *d = arg;
	enum caisson_status status;

	look(d);
	status = hyp_host_report(&d->management, report);
	if (status == CAISSON_OK && !d->reports && daemon_open_events(d) != ERR_OK)
		say("what is asked at the host UI is not heard");
	d->reports = status == CAISSON_OK;
	if (status == CAISSON_BUSY) /* Caisson shows no consoles */
		return;
	if (status != CAISSON_OK)
		say("cannot tell the host UI: %s", hyp_status_text(status));
	else if (loop_start_timer(&d->report, REPORT_MS) != ERR_OK)
		say("cannot start a timer");
}

enum err daemon_init_report(struct daemon *d)
{
	static const struct pin_part part = {.start = page, .bytes = sizeof(page)};
	int ring; /* pins it as long as there is this process */
	enum err err = loop_add_timer(&d->loop, &d->report, on_timer, d);

	if (err != ERR_OK)
		return err;
	report->bytes = sizeof(*report);
	/* What a caissond before this one has told is not taken for its word. */
	if (getrandom(&report->off_serial, sizeof(report->off_serial), 0) < 0 ||
	    getrandom(&report->message_serial, sizeof(report->message_serial), 0) < 0 ||
	    pin_memory(&part, 1, &ring) != ERR_OK) {
		say("cannot tell the host UI anything: %s", strerror(errno));
		return ERR_OK;
	}
	return loop_start_timer(&d->report, 0);
}

void daemon_report_soon(struct daemon *d)
{
	if (d->reports && loop_start_timer(&d->report, 0) != ERR_OK)
		say("cannot start a timer");
}

void daemon_tell_host(struct daemon *d, const char *format, ...)
{
	va_list args;

	memset(report->message, 0, sizeof(report->message));
	va_start(args, format);
	(void)vsnprintf(report->message, sizeof(report->message), format, args);
	va_end(args);
	report->message_serial++;
	say("host UI: %s", report->message);
	daemon_report_soon(d);
}
