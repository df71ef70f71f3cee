/** What unfinished instances were started with. Read once at boot, so it reads the table and needs no index. */
export const pinnedDefinitions = {
  name: 'skald_pinned_definitions',
  text: `
    SELECT definition, definition_hash AS hash, count(*)::int AS count
      FROM skald_instance
     WHERE namespace = $1
       AND status IN ('running', 'compensating', 'suspended')
     GROUP BY definition, definition_hash
     ORDER BY definition`,
} as const;
