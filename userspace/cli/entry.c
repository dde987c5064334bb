// SPDX-License-Identifier: MIT
/* An entry as text and as JSON. */
#include "cli.h"

const char *key_type;
const char *value_type;

static int init_one(struct format *format, const char *spec, uint32_t size,
		    const char *what)
{
	struct why why;

	if (!spec)
		spec = "hex";
	if (format_init(format, spec, &why) ||
	    format_fit(format, spec, size, what, &why))
		return usage_error("%s", why.text);
	return 0;
}

/**
 * entry_format_init() - make --key-type and --value-type fit a map
 * @format: result
 * @key_size: of the map
 * @value_size: of the map
 *
 * Return: 0 or an exit code.
 */
int entry_format_init(struct entry_format *format, uint32_t key_size,
		      uint32_t value_size)
{
	int ret;

	ret = init_one(&format->key, key_type, key_size, "keys");
	if (ret)
		return ret;
	format->value_size = value_size;
	return init_one(&format->value, value_type, format->value_size,
			"values");
}

/* A line: key, tab, value. @value may be NULL. */
void entry_print(const struct entry_format *format, const void *key,
		 const void *value)
{
	format_print(&format->key, stdout, key);
	if (value) {
		putchar('\t');
		format_print(&format->value, stdout, value);
	}
	putchar('\n');
}

/*
 * An object: the key and the value as their types have it and, for scripts that
 * do not know the types, as they lie in memory.
 */
void entry_json(const struct entry_format *format, const void *key,
		const void *value)
{
	json_object(&json, NULL);
	format_json(&format->key, &json, "key", key);
	json_hex(&json, "key_hex", key, format->key.size);
	if (value) {
		format_json(&format->value, &json, "value", value);
		json_hex(&json, "value_hex", value, format->value.size);
	}
	json_end(&json);
}
