"""What the database itself refuses about verifications, whoever asks.

- An organisation is verified until a day only by an approval of just that day, by two people.
- What was filed stays as it was filed while it is reviewed and once it was decided; it becomes
  approved, refused or asked about only by an outcome that says so.
- Documents keep what they are, and those that were filed cannot be taken away. Nobody has a hand
  in what is found about an organisation of their own.
- Looks at documents are append-only.
"""

from django.db import migrations

from apps.accounts.history_triggers import record_history

FORWARD = """
CREATE FUNCTION accounts_organisation_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM accounts_verificationoutcome o
        JOIN accounts_verification v ON v.id = o.verification_id
        WHERE v.organisation_id = NEW.id AND v.state = 'approved' AND o.decision = 'approved'
          AND o.outcome = 'approve' AND o.valid_until = NEW.verified_until
    ) THEN
        RAISE EXCEPTION 'nobody has verified organisation %', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_organisation_verified
    BEFORE INSERT OR UPDATE OF verified_until ON accounts_organisation
    FOR EACH ROW WHEN (NEW.verified_until IS NOT NULL)
    EXECUTE FUNCTION accounts_organisation_verified();

CREATE FUNCTION accounts_verification_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'verifications stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a verification begins as a draft' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.organisation_id <> OLD.organisation_id
       OR (OLD.state NOT IN ('draft', 'more') AND
           (NEW.legal_name, NEW.registration_number, NEW.country, NEW.address, NEW.kind,
            NEW.filed_by_id, NEW.filed_at)
           IS DISTINCT FROM
           (OLD.legal_name, OLD.registration_number, OLD.country, OLD.address, OLD.kind,
            OLD.filed_by_id, OLD.filed_at)) THEN
        RAISE EXCEPTION 'what was filed stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = OLD.state
       OR (NEW.state = 'filed' AND OLD.state IN ('draft', 'more'))
       OR ((NEW.state IN ('approved', 'more', 'refused') AND OLD.state = 'filed'
            OR NEW.state = 'refused' AND OLD.state = 'approved')
           AND EXISTS (
               SELECT FROM accounts_verificationoutcome o
               WHERE o.verification_id = NEW.id AND o.decision = 'approved'
                 AND o.outcome = CASE NEW.state WHEN 'approved' THEN 'approve'
                                                WHEN 'more' THEN 'more' ELSE 'refuse' END
                 AND o.decided_at >= NEW.filed_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'nobody has decided so' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER accounts_verification_guard
    BEFORE INSERT OR UPDATE OR DELETE ON accounts_verification
    FOR EACH ROW EXECUTE FUNCTION accounts_verification_guard();

CREATE FUNCTION accounts_verification_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v accounts_verification;
BEGIN
    -- Whoever files waits, or is seen.
    SELECT * INTO v FROM accounts_verification
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.verification_id ELSE NEW.verification_id END
    FOR SHARE;
    IF v.state NOT IN ('draft', 'more') THEN
        RAISE EXCEPTION 'what was filed stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_TABLE_NAME = 'accounts_verificationdocument' AND TG_OP <> 'INSERT' THEN
        IF TG_OP = 'DELETE' OR OLD.removed_at IS NOT NULL OR OLD.added_at <= v.filed_at
           OR (NEW.id, NEW.public_id, NEW.verification_id, NEW.kind, NEW.name, NEW.ending,
               NEW.size_bytes, NEW.sha256, NEW.file, NEW.added_by_id, NEW.added_at)
              IS DISTINCT FROM
              (OLD.id, OLD.public_id, OLD.verification_id, OLD.kind, OLD.name, OLD.ending,
               OLD.size_bytes, OLD.sha256, OLD.file, OLD.added_by_id, OLD.added_at) THEN
            RAISE EXCEPTION 'documents stay as they are' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER accounts_beneficialowner_guard
    BEFORE INSERT OR UPDATE OR DELETE ON accounts_beneficialowner
    FOR EACH ROW EXECUTE FUNCTION accounts_verification_part_guard();
CREATE TRIGGER accounts_verificationdocument_guard
    BEFORE INSERT OR UPDATE OR DELETE ON accounts_verificationdocument
    FOR EACH ROW EXECUTE FUNCTION accounts_verification_part_guard();

CREATE FUNCTION accounts_verificationoutcome_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'outcomes stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.decision <> 'pending' THEN
        RAISE EXCEPTION 'an outcome waits for its decision' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (
        (NEW.verification_id, NEW.outcome, NEW.reason, NEW.valid_until, NEW.proposed_by_id,
         NEW.proposed_at)
        IS DISTINCT FROM
        (OLD.verification_id, OLD.outcome, OLD.reason, OLD.valid_until, OLD.proposed_by_id,
         OLD.proposed_at)
        OR OLD.decision <> 'pending' AND
           (NEW.decision, NEW.decided_by_id, NEW.decided_at, NEW.decision_note) IS DISTINCT FROM
           (OLD.decision, OLD.decided_by_id, OLD.decided_at, OLD.decision_note)) THEN
        RAISE EXCEPTION 'what was found and decided stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.decision <> OLD.decision) AND EXISTS (
        SELECT FROM accounts_membership m
        JOIN accounts_verification v ON v.organisation_id = m.organisation_id
        WHERE v.id = NEW.verification_id AND m.user_id IN (NEW.proposed_by_id, NEW.decided_by_id)
    ) THEN
        RAISE EXCEPTION 'nobody verifies an organisation of their own'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_verificationoutcome_guard
    BEFORE INSERT OR UPDATE OR DELETE ON accounts_verificationoutcome
    FOR EACH ROW EXECUTE FUNCTION accounts_verificationoutcome_guard();

CREATE TRIGGER accounts_documentlook_append_only BEFORE UPDATE OR DELETE ON accounts_documentlook
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_documentlook_no_truncate BEFORE TRUNCATE ON accounts_documentlook
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = """
DROP TRIGGER accounts_documentlook_no_truncate ON accounts_documentlook;
DROP TRIGGER accounts_documentlook_append_only ON accounts_documentlook;
DROP TRIGGER accounts_verificationoutcome_guard ON accounts_verificationoutcome;
DROP FUNCTION accounts_verificationoutcome_guard();
DROP TRIGGER accounts_verificationdocument_guard ON accounts_verificationdocument;
DROP TRIGGER accounts_beneficialowner_guard ON accounts_beneficialowner;
DROP FUNCTION accounts_verification_part_guard();
DROP TRIGGER accounts_verification_guard ON accounts_verification;
DROP FUNCTION accounts_verification_guard();
DROP TRIGGER accounts_organisation_verified ON accounts_organisation;
DROP FUNCTION accounts_organisation_verified();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0018_verifications")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("accounts_verification"),
        record_history("accounts_beneficialowner"),
        record_history("accounts_verificationdocument"),
        record_history(
            "accounts_verificationoutcome", ignored=("mailed_at", "reminded_at", "lapsed_at")
        ),
    ]
