/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernel versions, and nothing else. KCMAP_HAVE_* come from
 * the probes in Kbuild.
 */
#ifndef _KCMAP_COMPAT_H
#define _KCMAP_COMPAT_H

/* device_type.devnode() takes a const device since 6.2. */
#ifdef KCMAP_HAVE_CONST_DEVNODE
#define KCMAP_DEVNODE_CONST const
#else
#define KCMAP_DEVNODE_CONST
#endif

/* <asm/unaligned.h> became <linux/unaligned.h> in 6.12. */
#ifdef KCMAP_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* MODULE_IMPORT_NS() takes a string since 6.13, before that a word. */
#ifdef KCMAP_HAVE_IMPORT_NS_WORD
#define KCMAP_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#else
#define KCMAP_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#endif

/* Flags of a vma are changed by functions only since 6.3. */
#ifdef KCMAP_HAVE_VM_FLAGS_MOD
#define kcmap_vm_flags_mod(vma, set, clear) vm_flags_mod(vma, set, clear)
#else
#define kcmap_vm_flags_mod(vma, set, clear) \
	((vma)->vm_flags = ((vma)->vm_flags & ~(clear)) | (set))
#endif

#endif /* _KCMAP_COMPAT_H */
