-- The roles that a profile takes with its key, as JSON, first to last; null for the key itself.
ALTER TABLE profiles ADD COLUMN roles TEXT;
