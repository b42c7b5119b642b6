//! The documented literals, copied from the documentation of the API and not from the code.

pub(crate) const DUPLICATE_NAME: &str =
    "The coupon list name already exists. Please enter a unique name and try again.";
pub(crate) const DUPLICATE_LABEL: &str =
    "The coupon list label already exists. Please enter a unique label and try again.";
pub(crate) const MISSING_KEY: &str = "Missing mandatory key. Please verify and try again.";
pub(crate) const INCORRECT_JSON: &str = "The requested JSON is incorrect. Please verify and try again.";
pub(crate) const EMPTY_FILE_URL: &str =
    "The 'file_url' can not be empty. Please provide the coupon file url and try again.";
pub(crate) const MULTIPLE_FILE_URLS: &str =
    "Multiple file urls are not permitted. Please select one file url and try again.";
pub(crate) const UNAUTHENTICATED_A: &str =
    "Your request is unauthorized. Please verify your credentials and try again.";
pub(crate) const UNAUTHENTICATED_B: &str =
    "Your request is unauthorized. Verify your credentials and try again.";
pub(crate) const LIST_NOT_FOUND: &str =
    "The specified coupon list ID was not found. Please verify the ID and try again.";
pub(crate) const NOT_FOUND: &str = "The requested resource was not found.";

/// The text of a missing key where the key is named.
pub(crate) fn missing_key(key: &str) -> String {
    format!("Missing mandatory key '{key}'. Please verify and try again.")
}

/// An id in the right form that names nothing.
pub(crate) const UNKNOWN_ID: &str = "6721d00eefc476c0f67e0d05";

const ALERTS: &str = "{success_alert,failure_alert,expiry_alert{alert,days_before},coupon_shortage_alert{alert,threshold_count}}";

/// The keys of the answer to a creation.
pub(crate) fn created_list_shape() -> String {
    format!(
        "{{name,label,expires_at,created_by,email_alert_subscribers[],alert_conditions{ALERTS},status,_id}}"
    )
}

/// The keys of a list as Details and Fetch-all show it.
pub(crate) fn list_shape() -> String {
    format!(
        "{{name,label,expires_at,status,total_coupons,created_at,updated_at,email_alert_subscribers[],\
         alert_conditions{ALERTS},available_coupons,personalization_snippet,created_by,_id}}"
    )
}

pub(crate) const UPLOADED_FILE_SHAPE: &str = "{name,file_url,created_by,status,coupons_list_id,_id}";
pub(crate) const FILE_SHAPE: &str =
    "{coupon_list_id,name,status,file_url,created_by,created_at,updated_at,_id,added_coupons}";
pub(crate) const DETAILS_SHAPE: &str = "details{reason,added,duplicates,rejected,rejections[]}";
pub(crate) const ALLOCATION_SHAPE: &str =
    "{_id,coupon_list_id,coupon_code,user_id,request_id,campaign_id,status,allocated_at,held_until}";
