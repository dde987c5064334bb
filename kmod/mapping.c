// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of maps, the live view, and of snapshots: for reading only, page by page as
 * they are asked for.
 *
 * All mappings of a map and of its snapshots hang on one inode of ours, whatever node
 * or descriptor they were made by, so that a page can be taken away from all at once.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "fault.h"
#include "map.h"
#include "mapping.h"
#include "snapshot.h"

#define KCMAP_FS_MAGIC 0x6b636d70

/* Pages that are mapped at once, aligned: those near by will be wanted, too. */
#define KCMAP_MAP_AROUND 16

static struct vfsmount *kcmap_mount;

/* What the live view shows where there is nothing. */
static struct page *kcmap_zeros;

static int kcmap_fs_init(struct fs_context *context)
{
	return init_pseudo(context, KCMAP_FS_MAGIC) ? 0 : -ENOMEM;
}

/* Without an owner: the module itself mounts it, and could not be unloaded. */
static struct file_system_type kcmap_fs = {
	.name = "kcmap",
	.init_fs_context = kcmap_fs_init,
	.kill_sb = kill_anon_super,
};

/**
 * kcmap_mapping_init() - make what all mappings need
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int kcmap_mapping_init(void)
{
	kcmap_zeros = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!kcmap_zeros)
		return -ENOMEM;
	kcmap_mount = kern_mount(&kcmap_fs);
	if (IS_ERR(kcmap_mount)) {
		put_page(kcmap_zeros);
		return PTR_ERR(kcmap_mount);
	}
	return 0;
}

/**
 * kcmap_mapping_exit() - free it
 *
 * Context: process, may sleep.
 */
void kcmap_mapping_exit(void)
{
	kern_unmount(kcmap_mount);
	put_page(kcmap_zeros);
}

/**
 * kcmap_mapping_inode() - an inode for the mappings of a map
 *
 * Context: process, may sleep.
 * Return: the inode, or an error pointer.
 */
struct inode *kcmap_mapping_inode(void)
{
	return alloc_anon_inode(kcmap_mount->mnt_sb);
}

/* kcmap_zap_fn */
static void kcmap_mapping_zap(void *ctx, u64 offset, u64 size)
{
	struct inode *inode = ctx;

	unmap_mapping_range(inode->i_mapping, offset, size, 1);
}

static const struct vm_operations_struct kcmap_view_ops;

/* The snapshot that a mapping shows, or NULL: the live view. */
static struct kcmap_table_snapshot *
vma_snapshot(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &kcmap_view_ops ? NULL : vma->vm_private_data;
}

static struct kcmap_table *vma_table(const struct vm_area_struct *vma)
{
	struct kcmap_table_snapshot *snapshot = vma_snapshot(vma);

	return snapshot ? kcmap_snapshot_table(snapshot) : vma->vm_private_data;
}

static u64 vma_offset(const struct vm_area_struct *vma, unsigned long address)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + (address - vma->vm_start);
}

static struct page *page_at(const struct vm_area_struct *vma,
			    unsigned long address, bool peek)
{
	u64 offset = vma_offset(vma, address);

	if (kcmap_fault_mapping())
		return ERR_PTR(-ENOMEM);
	if (vma_snapshot(vma))
		return kcmap_snapshot_page(vma_snapshot(vma), offset);
	return kcmap_view_page(vma_table(vma), offset, peek);
}

static int map_page(struct vm_area_struct *vma, unsigned long address,
		    struct page *page)
{
	int ret;

	if (IS_ERR(page))
		return PTR_ERR(page);
	ret = vm_insert_page(vma, address, page ?: kcmap_zeros);
	if (page)
		put_page(page);
	/* Another thread was faster. */
	return ret == -EBUSY ? 0 : ret;
}

/*
 * What is beside the page that was asked for, as far as there is anything: the root
 * with the header, frames with a frame. Links are made only for who wants them.
 */
static void map_around(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long size = KCMAP_MAP_AROUND * PAGE_SIZE;
	unsigned long from = max(address & ~(size - 1), vma->vm_start);
	unsigned long to = min((address & ~(size - 1)) + size, vma->vm_end);
	struct kcmap_table *table = vma_table(vma);
	struct page *page;

	for (; from < to; from += PAGE_SIZE) {
		if (from == address ||
		    kcmap_table_is_link(table, vma_offset(vma, from)))
			continue;
		page = page_at(vma, from, true);
		if (page)
			map_page(vma, from, page);
	}
}

static bool wants_more(const struct vm_area_struct *vma)
{
	struct kcmap_table_snapshot *snapshot = vma_snapshot(vma);

	return !snapshot || kcmap_snapshot_wants_more(snapshot);
}

static vm_fault_t kcmap_mapping_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct kcmap_arena *arena = kcmap_table_arena(vma_table(vma));
	unsigned long address = vmf->address & PAGE_MASK;
	int ret;

	for (;;) {
		down_read(&arena->faults);
		ret = map_page(vma, address, page_at(vma, address, false));
		if (!ret && wants_more(vma))
			map_around(vma, address);
		up_read(&arena->faults);
		if (ret != -EAGAIN)
			break;
		/* As many holes as there may be: unmap them, and try again. */
		kcmap_arena_work(&arena->worker.work);
		if (fatal_signal_pending(current))
			break;
	}
	if (ret == -ENOMEM)
		return VM_FAULT_OOM;
	return ret && ret != -EAGAIN ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

static void kcmap_mapping_open(struct vm_area_struct *vma)
{
	kcmap_arena_map(kcmap_table_arena(vma_table(vma)));
}

static void kcmap_mapping_close(struct vm_area_struct *vma)
{
	kcmap_arena_unmap(kcmap_table_arena(vma_table(vma)));
}

static const struct vm_operations_struct kcmap_view_ops = {
	.open = kcmap_mapping_open,
	.close = kcmap_mapping_close,
	.fault = kcmap_mapping_fault,
};

static const struct vm_operations_struct kcmap_snapshot_ops = {
	.open = kcmap_mapping_open,
	.close = kcmap_mapping_close,
	.fault = kcmap_mapping_fault,
};

/**
 * kcmap_mapping_mmap() - map a map, or a snapshot
 * @map: the map
 * @snapshot: its snapshot, or NULL: the live view
 * @vma: where; its file has the map's inode as its mapping
 *
 * Context: process, under mmap_lock; may sleep.
 * Return: 0; -EACCES: for writing or execution; -EINVAL: private, or beyond the end;
 * -EPERM: the map forbids it; -ENOMEM; -EINTR.
 */
int kcmap_mapping_mmap(struct kcmap *map, struct kcmap_table_snapshot *snapshot,
		       struct vm_area_struct *vma)
{
	u64 pages = kcmap_table_image_size(map->table) >> PAGE_SHIFT;
	struct mem_cgroup *memcg;
	int ret;

	if (map->flags & KCMAP_F_NO_MMAP)
		return -EPERM;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	/* A private mapping could be made writable, by copying: it would be stale. */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff > pages ||
	    vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	if (!snapshot) {
		/* The view is the map's, whoever is the first to map it. */
		memcg = set_active_memcg(map->memcg);
		ret = kcmap_view_create(map->table);
		set_active_memcg(memcg);
		if (ret)
			return ret;
	}
	/*
	 * VM_IO: neither debuggers nor /proc get at the pages, to write, and nothing
	 * populates them: the room of a mapping is far larger than what is in it.
	 */
	kcmap_vm_flags_mod(vma,
			   VM_IO | VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP,
			   VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_ops = snapshot ? &kcmap_snapshot_ops : &kcmap_view_ops;
	vma->vm_private_data = snapshot ?: (void *)map->table;
	kcmap_arena_set_zap(kcmap_table_arena(map->table), kcmap_mapping_zap,
			    map->inode);
	kcmap_mapping_open(vma);
	return 0;
}
