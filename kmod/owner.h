/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who answers for maps: a record for each user that has some, of how many there are
 * and how much memory they take, so that nobody takes more than is allowed. It is
 * made with the first map, and goes when the last of their memory has gone.
 *
 * A map is the creator's, for good: of its effective user. Who is in a user namespace
 * counts as the user that made the outermost of those below the initial one: namespaces,
 * and the users in them, are to be had for nothing. CAP_SYS_RESOURCE in the initial
 * namespace exempts from these limits as from others; such maps are not counted.
 */
#ifndef _KCMAP_OWNER_H
#define _KCMAP_OWNER_H

struct kcmap_owner;
struct kcmap_quota;

extern unsigned int kcmap_maps_per_user;
extern unsigned long kcmap_bytes_per_user;

struct kcmap_owner *kcmap_owner_add_map(void);
void kcmap_owner_remove_map(struct kcmap_owner *owner);
struct kcmap_quota *kcmap_owner_quota(struct kcmap_owner *owner);

#endif /* _KCMAP_OWNER_H */
