/* SPDX-License-Identifier: BSD-2-Clause */
#include "hyp/console/uvcon.h"

#include "abi/hypercall.h"
#include "hyp/console/port.h"
#include "hyp/vm/uconsole.h"

/* Of each VM; hyp/vm/uconsole.h says that attach() and detach() stand apart from the rest. */
static struct vcon *of_vm[CAISSON_MAX_VMS];

_Static_assert(VCON_MAX >= CAISSON_MAX_VMS + 5, "a console for each VM, and Caisson's own");

static void input(void *ctx)
{
	uconsole_tell((uint32_t)(uintptr_t)ctx);
}

static void resized(void *ctx, unsigned int columns, unsigned int rows)
{
	uconsole_tell((uint32_t)(uintptr_t)ctx);
}

static bool attach(uint32_t vm, const char *name, void *memory, size_t bytes)
{
	const struct vcon_client client = {
		.input = input, .resized = resized, .ctx = (void *)(uintptr_t)vm};

	__atomic_store_n(&of_vm[vm], vcon_add(name, 0, memory, bytes, 0, &client),
			 __ATOMIC_RELEASE);
	return of_vm[vm] != NULL;
}

static void detach(uint32_t vm)
{
	struct vcon *v = of_vm[vm];

	__atomic_store_n(&of_vm[vm], NULL, __ATOMIC_RELAXED);
	vcon_remove(v);
}

static void write(uint32_t vm, const uint8_t *bytes, size_t count)
{
	if (vcon_write(of_vm[vm], bytes, count))
		uconsole_tell(vm);
}

static size_t read(uint32_t vm, uint8_t *to, size_t room)
{
	return vcon_take_input(of_vm[vm], to, room);
}

static uint32_t size(uint32_t vm)
{
	unsigned int columns, rows;

	vcon_size(of_vm[vm], &columns, &rows);
	return columns | rows << 16;
}

char uvcon_key(uint32_t vm)
{
	const struct vcon *v = __atomic_load_n(&of_vm[vm], __ATOMIC_ACQUIRE);

	return v ? v->key : 0;
}

void uvcon_init(void)
{
	static const struct uconsole_ops ops = {
		.attach = attach, .detach = detach, .write = write, .read = read, .size = size};

	uconsole_init(&ops);
}
