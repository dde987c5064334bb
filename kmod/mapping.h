/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of maps and of snapshots. */
#ifndef _KCMAP_MAPPING_H
#define _KCMAP_MAPPING_H

#include <linux/fs.h>

struct kcmap;
struct kcmap_table_snapshot;
struct vm_area_struct;

int kcmap_mapping_init(void);
void kcmap_mapping_exit(void);
struct inode *kcmap_mapping_inode(void);
int kcmap_mapping_mmap(struct kcmap *map, struct kcmap_table_snapshot *snapshot,
		       struct vm_area_struct *vma);

#endif /* _KCMAP_MAPPING_H */
