// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/vmm.h"

struct vmm *control_vmm(const struct rpc_call *call)
{
	return ((struct control_client *)call->client)->control->vmm;
}

/* ---- commands ---------------------------------------------------------------------------- */

/* Clients of QMP begin with it. */
static enum err qmp_capabilities(struct rpc_call *call)
{
	return ERR_OK;
}

static enum err query_status(struct rpc_call *call)
{
	bool paused = vm_is_paused(&control_vmm(call)->vm);

	call->result =
		json_pack("{s:s,s:b}", "status", paused ? "paused" : "running", "running", !paused);
	return ERR_OK;
}

static void add_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		(void)json_object_set_new(object, key, json_string(text));
}

static json_t *describe_disks(const struct vm_config *config)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->disks; i++) {
		const struct disk_config *disk = &config->disk[i];

		(void)json_array_append_new(list,
					    json_pack("{s:s,s:s,s:b}", "file", disk->path, "format",
						      disk->format == DISK_QCOW2 ? "qcow2" : "raw",
						      "read-only", disk->read_only));
	}
	return list;
}

static json_t *describe_nets(const struct vm_config *config)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->nets; i++) {
		const struct net_config *net = &config->net[i];
		json_t *card = json_pack("{s:s}", "kind", net->kind == NET_TAP ? "tap" : "user");

		if (net->ifname[0] != '\0')
			add_text(card, "ifname", net->ifname);
		(void)json_array_append_new(list, card);
	}
	return list;
}

static json_t *describe_cpus(const struct vm_config *config)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < config->dedicated; i++)
		(void)json_array_append_new(list, json_integer(config->dedicate[i]));
	return list;
}

/* How it keeps time just now, and where it may go. */
static void describe_baseline(struct vmm *vmm, json_t *result)
{
	const struct baseline *b = &vmm->baseline;
	json_t *hosts = json_array();
	struct hyp_vm_time now;

	if (hyp_vm_time_get(&vmm->vm.token, &now) == CAISSON_OK) {
		add_text(result, "time", timemode_name(now.mode));
		(void)json_object_set_new(result, "counter-hz", json_integer(now.hz));
	}
	for (uint32_t i = 0; i < b->hosts; i++)
		(void)json_array_append_new(hosts, json_string(b->host[i]));
	if (b->migratable)
		(void)json_object_set(result, "migratable", hosts);
	json_decref(hosts);
}

static enum err query_info(struct rpc_call *call)
{
	struct vmm *vmm = control_vmm(call);
	const struct vm_config *config = &vmm->config;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	call->result =
		json_pack("{s:s,s:s,s:i,s:i,s:I,s:i,s:I,s:i,s:o,s:o,s:b,s:b}", "name",
			  vmm->client.name, "state", vm_is_paused(&vmm->vm) ? "paused" : "running",
			  "number", (int)vmm->vm.number, "cpus", (int)config->cpus, "memory",
			  (json_int_t)config->ram_bytes, "pid", (int)getpid(), "uptime",
			  (json_int_t)(now.tv_sec - vmm->begun.tv_sec), "starts", (int)vmm->starts,
			  "disks", describe_disks(config), "nets", describe_nets(config), "rng",
			  config->rng, "ptp", config->ptp);
	if (config->dedicated != 0)
		(void)json_object_set_new(call->result, "dedicate", describe_cpus(config));
	add_text(call->result, "kernel", config->kernel);
	add_text(call->result, "initrd", config->initrd);
	add_text(call->result, "append", config->append);
	add_text(call->result, "firmware", config->firmware);
	add_text(call->result, "flash-vars", config->flash_vars);
	add_text(call->result, "console", config->console);
	if (config->tools != TOOLS_OFF)
		add_text(call->result, "guest-tools",
			 config->tools == TOOLS_READ_ONLY ? "vmware,ro" : "vmware");
	describe_baseline(vmm, call->result);
	guestreport_describe(&vmm->client.guest, call->result);
	if (config->vsock_cid != 0)
		(void)json_object_set_new(call->result, "vsock", json_integer(config->vsock_cid));
	if (config->agent)
		add_text(call->result, "agent",
			 virtio_serial_is_open(&vmm->devices.agent) ? "open" : "closed");
	return ERR_OK;
}

/* EL2's counters, by their names in abi/hypercall.h. */
static enum err query_stats(struct rpc_call *call)
{
	static const char *const name[CAISSON_STAT_COUNT] = {
		[CAISSON_STAT_RUNS] = "runs",
		[CAISSON_STAT_EXIT_INTERRUPTED] = "exits-interrupted",
		[CAISSON_STAT_EXIT_MMIO] = "exits-mmio",
		[CAISSON_STAT_EXIT_SMCCC] = "exits-smccc",
		[CAISSON_STAT_EXIT_WFI] = "exits-wfi",
		[CAISSON_STAT_EXIT_FAULT] = "exits-fault",
		[CAISSON_STAT_EXIT_WAKE] = "exits-wake",
		[CAISSON_STAT_SERVED_SYSREG] = "served-sysreg",
		[CAISSON_STAT_SERVED_GIC] = "served-gic",
		[CAISSON_STAT_SERVED_WFI] = "served-wfi",
		[CAISSON_STAT_FAULT_DATA] = "faults-data",
		[CAISSON_STAT_FAULT_FETCH] = "faults-fetch",
		[CAISSON_STAT_LINES_CLEANED] = "lines-cleaned",
		[CAISSON_STAT_INVALIDATIONS] = "invalidations",
		[CAISSON_STAT_BLOCKS_SPLIT] = "blocks-split",
		[CAISSON_STAT_IRQS_INJECTED] = "interrupts-injected",
		[CAISSON_STAT_EXIT_TOOLS] = "exits-tools",
	};
	struct vm *vm = &control_vmm(call)->vm;
	uint64_t value;

	call->result = json_object();
	for (uint32_t i = 0; i < CAISSON_STAT_COUNT; i++) {
		if (hyp_vm_stat(&vm->token, (enum caisson_stat)i, &value) != CAISSON_OK)
			value = 0;
		(void)json_object_set_new(call->result, name[i], json_integer((json_int_t)value));
	}
	return ERR_OK;
}

/* Not while it stands still for a move: then it is perhaps another host's already. */
static enum err check_is_ours(struct rpc_call *call)
{
	struct migrate *m = &control_vmm(call)->migrate;

	if (!migrate_holds(m))
		return ERR_OK;
	if (!migrate_is_in_doubt(m))
		return rpc_fail(call, ERR_BUSY, "it is being moved to %s", m->options.host);
	return rpc_fail(call, ERR_BUSY,
			"it may run on %s, which did not answer: `caisson migrate` asks again, "
			"`caisson resume --force` if it is known not to run there",
			m->options.host);
}

static enum err stop(struct rpc_call *call)
{
	enum err err = check_is_ours(call);

	if (err == ERR_OK)
		vmm_pause(control_vmm(call));
	return err;
}

static enum err cont(struct rpc_call *call)
{
	struct vmm *vmm = control_vmm(call);
	enum err err;

	if (json_is_true(json_object_get(call->arguments, "force")) &&
	    migrate_force(&vmm->migrate) == ERR_OK)
		return ERR_OK;
	if (snapshot_is_busy(&vmm->snapshot))
		return rpc_fail(call, ERR_BUSY, "a snapshot is being made");
	err = check_is_ours(call);
	if (err == ERR_OK)
		vmm_resume(vmm);
	return err;
}

static enum err system_powerdown(struct rpc_call *call)
{
	vmm_press_button(control_vmm(call), false);
	return ERR_OK;
}

static enum err system_reset(struct rpc_call *call)
{
	enum err err = check_is_ours(call);

	if (err == ERR_OK)
		vm_end(&control_vmm(call)->vm, VM_RESET);
	return err;
}

static enum err quit(struct rpc_call *call)
{
	vm_end(&control_vmm(call)->vm, VM_STOPPED);
	return ERR_OK;
}

static enum err query_commands(struct rpc_call *call);

static const struct rpc_command commands[] = {
	{"cont", cont},
	{"guest-freeze", control_guest_freeze},
	{"guest-get", control_guest_get},
	{"guest-info", control_guest_info},
	{"guest-list", control_guest_list},
	{"guest-reboot", control_guest_reboot},
	{"guest-set", control_guest_set},
	{"guest-shutdown", control_guest_shutdown},
	{"guest-sync-time", control_guest_sync_time},
	{"guest-thaw", control_guest_thaw},
	{"migrate", control_migrate},
	{"migrate-answer", control_migrate_answer},
	{"migrate-cancel", control_migrate_cancel},
	{"migrate-status", control_migrate_status},
	{"qmp_capabilities", qmp_capabilities},
	{"query-commands", query_commands},
	{"query-info", query_info},
	{"query-stats", query_stats},
	{"query-status", query_status},
	{"quit", quit},
	{"snapshot", snapshot_begin},
	{"snapshot-end", snapshot_end},
	{"stop", stop},
	{"system_powerdown", system_powerdown},
	{"system_reset", system_reset},
	{NULL, NULL},
};

static enum err query_commands(struct rpc_call *call)
{
	call->result = json_array();
	for (const struct rpc_command *command = commands; command->name != NULL; command++)
		(void)json_array_append_new(call->result,
					    json_pack("{s:s}", "name", command->name));
	return ERR_OK;
}

/* ---- connections ------------------------------------------------------------------------- */

static void on_message(void *arg, json_t *message)
{
	struct control_client *client = arg;

	rpc_dispatch(commands, client, &client->wire, message);
}

static void on_closed(void *arg)
{
	struct control_client *client = arg;

	control_guest_forget(client->control, client);
	migrate_forget(&client->control->vmm->migrate, client);
	snapshot_forget(&client->control->vmm->snapshot, client);
	client->used = false;
}

static json_t *greeting(void)
{
	return json_pack("{s:{s:{s:{s:i,s:i,s:i},s:s},s:[]}}", "QMP", "version", "caisson", "major",
			 0, "minor", 1, "micro", 0, "package", "Caisson", "capabilities");
}

static void add_client(struct control *c, struct control_client *client, int fd)
{
	*client = (struct control_client){.control = c, .used = true};
	if (wire_init(&client->wire, fd) != ERR_OK ||
	    wire_attach(&client->wire, &c->vmm->loop, on_message, on_closed, client) != ERR_OK) {
		wire_close(&client->wire);
		client->used = false;
		return;
	}
	if (wire_send(&client->wire, greeting(), -1) != ERR_OK)
		return; /* on_closed follows */
}

static void on_accept(void *arg, unsigned int events)
{
	struct control *c = arg;
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (uint32_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (!c->client[i].used) {
			add_client(c, &c->client[i], fd);
			return;
		}
	}
	(void)close(fd);
}

enum err control_listen(struct control *c, struct vmm *vmm, const char *path)
{
	c->vmm = vmm;
	c->listener = wire_listen(path, 0660);
	if (c->listener >= 0 &&
	    loop_add_fd(&vmm->loop, &c->accept, c->listener, LOOP_READ, on_accept, c) == ERR_OK) {
		c->listens = true;
		return ERR_OK;
	}
	say("cannot listen at %s: %s", path, strerror(errno));
	return ERR_DENIED;
}

void control_close(struct control *c)
{
	for (uint32_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (!c->client[i].used)
			continue;
		control_guest_forget(c, &c->client[i]);
		snapshot_forget(&c->vmm->snapshot, &c->client[i]);
		wire_close(&c->client[i].wire);
		c->client[i].used = false;
	}
	loop_remove(&c->accept);
	if (c->listens)
		(void)close(c->listener);
	c->listens = false;
}

void control_tell(struct control *c, const char *event, json_t *data)
{
	for (uint32_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->client[i].used)
			rpc_event(&c->client[i].wire, event,
				  data != NULL ? json_incref(data) : NULL);
	}
	json_decref(data);
}
