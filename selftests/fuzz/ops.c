// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_sequence: the table of operations. Another one is another line. */
#include "ops.h"

/* _last is the last member of the struct as it was first published. */
#define IOCTL(_weight, _cmd, _kind, _mode, _struct, _last, _flags, _fill, \
	      _model)                                                     \
	{                                                                 \
		.name = #_cmd, .weight = (_weight), .run = run_ioctl,     \
		.cmd = (_cmd), .kind = KIND_##_kind,                      \
		.reads = (READS & (_mode)) != 0,                          \
		.writes = (WRITES & (_mode)) != 0,                        \
		.first = offsetof(struct _struct, _last) +                \
			 sizeof(((struct _struct *)0)->_last),            \
		.size = sizeof(struct _struct), .flags = (_flags),        \
		.fill = (_fill), .model = (_model),                       \
	}

#define CALL(_weight, _name)                                             \
	{                                                                \
		.name = #_name, .weight = (_weight), .run = run_##_name, \
	}

enum { NEITHER, READS, WRITES };

const struct op ops[] = {
	IOCTL(2, KCMAP_CTL_INFO, CONTROL, READS, kcmap_ctl_info, version, true,
	      fill_info, model_ctl_info),
	IOCTL(14, KCMAP_CTL_CREATE, CONTROL, WRITES, kcmap_create, fd, true,
	      fill_create, model_create),
	IOCTL(6, KCMAP_CTL_DESTROY, CONTROL, WRITES, kcmap_destroy, name, true,
	      fill_destroy, model_destroy),
	IOCTL(2, KCMAP_CTL_LIST, CONTROL, READS, kcmap_list, reserved, true,
	      fill_list, model_list),
	IOCTL(4, KCMAP_MAP_INFO, MAP, READS, kcmap_map_info, segments_max,
	      false, fill_info, model_map_info),
	IOCTL(4, KCMAP_MAP_STATS, MAP, READS, kcmap_stats, read_retries, true,
	      fill_info, model_stats),
	IOCTL(40, KCMAP_MAP_SUBMIT, MAP, NEITHER, kcmap_submit, statuses, true,
	      fill_mixed, model_mixed),
	IOCTL(50, KCMAP_MAP_SUBMIT, MAP, NEITHER, kcmap_submit, statuses, true,
	      fill_strided, model_strided),
	IOCTL(12, KCMAP_MAP_SCAN, MAP, READS, kcmap_scan, count, true,
	      fill_scan, model_scan),
	IOCTL(2, KCMAP_MAP_CLEAR, MAP, WRITES, kcmap_clear, flags, true,
	      fill_info, model_clear),
	IOCTL(12, KCMAP_MAP_SNAPSHOT, MAP, READS, kcmap_snapshot, image_size,
	      true, fill_info, model_snapshot),
	IOCTL(10, KCMAP_SNAPSHOT_REFRESH, SNAPSHOT, READS, kcmap_snapshot,
	      image_size, true, fill_info, model_refresh),
	CALL(20, open),
	CALL(10, close),
	CALL(4, dup),
	CALL(4, send),
	CALL(5, receive),
	CALL(4, fork),
	CALL(1, spawn),
	CALL(3, kill),
	CALL(1, become),
	CALL(2, no_fd),
	CALL(14, mmap),
	CALL(8, munmap),
	CALL(6, mprotect),
	CALL(6, mremap),
	CALL(8, touch),
};

const unsigned int nr_ops = COUNT(ops);
