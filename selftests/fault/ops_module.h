/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading of the modules. */
#ifndef OPS_MODULE_H
#define OPS_MODULE_H

#include "ops_classify.h"

static int module_fd = -1;

static void open_module(const char *name)
{
	module_fd = open(module_path(name), O_RDONLY | O_CLOEXEC);
	REQUIRE(module_fd >= 0);
}

static void no_kcmap(void)
{
	need_no_module("kcmap_classify");
	need_no_module("kcmap");
	open_module("kcmap");
}

static int load_kcmap(void)
{
	return module_load_fd(module_fd, MODULE_PARAMETERS);
}

static void check_load_kcmap(int ret)
{
	close_one(&module_fd);
	CHECK_EQ(module_loaded("kcmap"), !ret);
	CHECK_EQ(!access("/sys/class/kcmap", F_OK), !ret);
	CHECK_EQ(!access(CONTROL, F_OK), !ret);
	if (ret)
		return;
	/* It works, and goes again. */
	small_map();
	check_contents();
	bed_clean();
	need_no_module("kcmap");
}

/* Maps that nobody has open go with it. */
static void with_map(void)
{
	need_no_module("kcmap_classify");
	small_map();
	close_one(&bed.map);
	close_one(&bed.control);
}

static int unload_kcmap(void)
{
	return module_unload("kcmap");
}

static void check_unload_kcmap(int ret)
{
	CHECK_EQ(module_loaded("kcmap"), ret != 0);
	if (!ret)
		return;
	bed.map = map_open(NAME, O_RDWR);
	REQUIRE(bed.map >= 0);
	check_contents();
	bed_clean();
	need_no_module("kcmap");
}

static void no_classify(void)
{
	no_control();
	need_no_module("kcmap_classify");
	open_module("kcmap_classify");
}

static int load_classify(void)
{
	return module_load_fd(module_fd, "");
}

static void check_load_classify(int ret)
{
	close_one(&module_fd);
	CHECK_EQ(module_loaded("kcmap_classify"), !ret);
	CHECK_EQ(!access(CLASSIFY, F_OK), !ret);
	need_no_module("kcmap_classify");
}

/* What is attached is detached. */
static void with_attachment(void)
{
	attached();
	close_one(&bed.map);
	close_one(&bed.classify);
}

static int unload_classify(void)
{
	return module_unload("kcmap_classify");
}

static void check_unload_classify(int ret)
{
	CHECK_EQ(module_loaded("kcmap_classify"), ret != 0);
	need_no_module("kcmap_classify");
}

#endif /* OPS_MODULE_H */
