// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/bus.h"

/* The first device that ends behind ipa; bus->count if none does. */
static uint32_t first_behind(const struct bus *bus, uint64_t ipa)
{
	uint32_t low = 0, high = bus->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct device *d = bus->device[middle];

		if (ipa >= d->base && ipa - d->base >= d->bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum err bus_add(struct bus *bus, struct device *d)
{
	uint32_t at = first_behind(bus, d->base);

	if (d->bytes == 0)
		return ERR_INVALID;
	if (bus->count == BUS_DEVICES_MAX)
		return ERR_NO_MEMORY;
	if (at < bus->count &&
	    bits_overlap(bus->device[at]->base, bus->device[at]->bytes, d->base, d->bytes))
		return ERR_OVERLAP;
	for (uint32_t i = bus->count; i > at; i--)
		bus->device[i] = bus->device[i - 1];
	bus->device[at] = d;
	bus->count++;
	return ERR_OK;
}

struct device *bus_find(const struct bus *bus, uint64_t ipa)
{
	uint32_t at = first_behind(bus, ipa);

	return at < bus->count && ipa >= bus->device[at]->base ? bus->device[at] : NULL;
}

static bool has(const struct device *d, uint64_t ipa, unsigned int bytes)
{
	return d != NULL && bits_contains(d->base, d->bytes, ipa, bytes);
}

enum err bus_access(const struct bus *bus, struct device **last, uint64_t ipa, unsigned int bytes,
		    bool write, uint64_t *value)
{
	uint64_t mask = MASK(8 * bytes - 1, 0);
	struct device *d = *last;

	if (!has(d, ipa, bytes)) {
		d = bus_find(bus, ipa);
		if (!has(d, ipa, bytes))
			return ERR_NOT_FOUND;
		*last = d;
	}
	if (write)
		d->ops->write(d, ipa - d->base, bytes, *value & mask);
	else
		*value = d->ops->read(d, ipa - d->base, bytes) & mask;
	return ERR_OK;
}
