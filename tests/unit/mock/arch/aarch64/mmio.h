/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_AARCH64_MMIO_H
#define ARCH_AARCH64_MMIO_H

/* Stands in for the real header in a unit test: accesses go to the device that the test simulates.
 */
#include <stdint.h>

uint32_t mock_mmio_read(uint64_t address, unsigned int bytes);
void mock_mmio_write(uint64_t address, unsigned int bytes, uint32_t value);

static inline uint32_t mmio_read32(uint64_t address)
{
	return mock_mmio_read(address, 4);
}

static inline uint16_t mmio_read16(uint64_t address)
{
	return (uint16_t)mock_mmio_read(address, 2);
}

static inline uint8_t mmio_read8(uint64_t address)
{
	return (uint8_t)mock_mmio_read(address, 1);
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	mock_mmio_write(address, 4, value);
}

static inline void mmio_write16(uint64_t address, uint16_t value)
{
	mock_mmio_write(address, 2, value);
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
	mock_mmio_write(address, 1, value);
}

#endif
